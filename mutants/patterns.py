"""Runs of triple patterns taken apart, so that one pattern, or one alternative of a path, can be left out."""

from __future__ import annotations

from collections.abc import Iterator

from isms_graph.shacl.sparql import Token

_OPENING, _CLOSING = {"[", "("}, {"]", ")"}


def patterns_dropped(tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Each form of a run of triple patterns with one of them left out, with the text of that one."""
    sentences = _split(tokens, ".")
    for number, sentence in enumerate(sentences):
        others_before, others_after = sentences[:number], sentences[number + 1 :]
        subject, rest = sentence[: _node(sentence, 0)], sentence[_node(sentence, 0) :]
        for what, shorter in _pairs_dropped(rest):
            kept = [[*subject, *shorter]] if shorter else []
            yield f"{_text(subject)} {what}", _join([*others_before, *kept, *others_after], ".")
        if not rest:  # a bracketed node that stands alone
            yield _text(subject), _join([*others_before, *others_after], ".")
        for what, changed in _inside(sentence):
            yield what, _join([*others_before, changed, *others_after], ".")


def sentences(tokens: list[Token]) -> list[frozenset[str]]:
    """The patterns of each sentence (subject with properties) of a run of triple patterns, as `patterns_dropped` names them."""
    return [frozenset(what for what, _ in patterns_dropped(sentence)) for sentence in _split(tokens, ".")]


def alternatives_dropped(tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Each form of a run of triple patterns in which one alternative of one property path is left out."""
    for position, token in enumerate(tokens):
        if token.text != "|":
            continue
        left = position
        depth = 0
        while left > 0:
            text = tokens[left - 1].text
            depth += (text == ")") - (text == "(")
            if depth < 0 or (depth == 0 and (text in ("|", ";", ".", ",", "[") or _ends_node(tokens, left - 1))):
                break
            left -= 1
        right = position + 1
        depth = 0
        while right < len(tokens):
            text = tokens[right].text
            depth += (text == "(") - (text == ")")
            if depth < 0 or (depth == 0 and (text == "|" or (right > position + 1 and _begins_node(tokens, right)))):
                break
            right += 1
        yield f"{_text(tokens[left:position])} in {_text(tokens)}", [*tokens[:left], *tokens[position + 1 :]]
        yield f"{_text(tokens[position + 1 : right])} in {_text(tokens)}", [*tokens[:position], *tokens[right:]]


def _ends_node(tokens: list[Token], at: int) -> bool:
    """True if the token ends a node before a path: the path begins behind it."""
    if tokens[at].kind == "var" or tokens[at].text == "]":
        return True
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return tokens[at].kind in ("pname", "iri", "number", "string") and following not in ("/", "|", ")", "*", "+", "?")


def _begins_node(tokens: list[Token], at: int) -> bool:
    """True if the token begins the node behind a path."""
    token, before = tokens[at], tokens[at - 1]
    if token.kind == "var" or token.text == "[":
        return True
    return token.kind in ("pname", "iri", "number", "string") and before.text not in ("/", "|", "^", "(", "!")


def _pairs_dropped(tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """A list of properties with objects (`a :X ; :p :o , :q`), each time with one object left out."""
    pairs = _split(tokens, ";")
    for number, pair in enumerate(pairs):
        objects = _split(pair, ",")
        first = objects[0]
        if len(objects) == 1:
            yield _text(pair), _join([*pairs[:number], *pairs[number + 1 :]], ";")
            continue
        verb, objects[0] = first[: _verb(first)], first[_verb(first) :]
        for at, gone in enumerate(objects):
            kept = _join([*objects[:at], *objects[at + 1 :]], ",")
            yield _text([*verb, *gone]), _join([*pairs[:number], [*verb, *kept], *pairs[number + 1 :]], ";")


def _inside(tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """The same inside each pair of brackets."""
    for position, token in enumerate(tokens):
        if token.text == "[":
            end = _node(tokens, position)
            content = tokens[position + 1 : end - 1]
            for what, shorter in _pairs_dropped(content) if content else ():
                yield f"[ {what} ]", [*tokens[: position + 1], *shorter, *tokens[end - 1 :]]


def _node(tokens: list[Token], at: int) -> int:
    """Where the node that begins at a position ends."""
    depth = 0
    while at < len(tokens):
        depth += (tokens[at].text in _OPENING) - (tokens[at].text in _CLOSING)
        at += 1
        if depth == 0:
            break
    return at


def _verb(tokens: list[Token]) -> int:
    """Where the path ends that a property with one object begins with."""
    at = len(tokens) - 1
    depth = 0
    while at >= 0:
        depth += (tokens[at].text in _CLOSING) - (tokens[at].text in _OPENING)
        if depth == 0:
            return at
        at -= 1
    return 0


def _split(tokens: list[Token], mark: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if token.text == mark and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _join(parts: list[list[Token]], mark: str) -> list[Token]:
    joined: list[Token] = []
    for part in parts:
        if joined:
            joined.append(Token("mark", mark))
        joined.extend(part)
    return joined


def _text(tokens: list[Token]) -> str:
    return " ".join(token.text for token in tokens)
