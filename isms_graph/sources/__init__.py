"""Reading the files of a workspace: what they say, and where each statement stands."""
