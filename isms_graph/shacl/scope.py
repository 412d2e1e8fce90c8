"""Which variables a group of a query binds, where they occur, and whether putting a value in beforehand makes a difference."""

from __future__ import annotations

from collections.abc import Iterator, Set

from isms_graph.shacl.sparql import Bind, Exists, Expression, Filter, Group, Minus, Optional_, Select, Triples, Union


def bound(group: Group) -> set[str]:
    """The variables that every solution of the group binds."""
    if group.select:
        inner = bound(group.select.where)
        return {name for name, expression in group.select.projection if expression is None and name in inner}
    names: set[str] = set()
    for element in group.elements:
        if isinstance(element, Triples):
            names |= {token.text for token in element.tokens if token.kind == "var"}
        elif isinstance(element, Union):
            names |= set.intersection(*(bound(branch) for branch in element.groups))
    return names


def visible(group: Group) -> set[str]:
    """The variables that a solution of the group may bind."""
    if group.select:
        return {name for name, _ in group.select.projection}
    names: set[str] = set()
    for element in group.elements:
        match element:
            case Triples(parts):
                names |= {token.text for token in parts if token.kind == "var"}
            case Bind(_, variable):
                names.add(variable)
            case Optional_(inner):
                names |= visible(inner)
            case Union(groups):
                names = names.union(*(visible(inner) for inner in groups))
            case Filter() | Minus():
                pass
    return names


def out_of_scope(group: Group, outer: Set[str], around: Set[str] = frozenset()) -> set[str]:
    """Variables used in expressions that nothing in their group binds, so that the expression can only fail.

    `outer` are variables bound outside that the group sees, `around` those that it does not see. Engines differ in
    what they make of such a variable.
    """
    if group.select:
        return out_of_scope(group.select.where, outer, around)
    here = visible(group) | outer
    unseen = around - here
    found: set[str] = set()
    for element in group.elements:
        match element:
            case Filter(expression) | Bind(expression, _):
                found |= expression.variables() - here
                nested = [part.group for part in expression.parts if isinstance(part, Exists)]
                found = found.union(*((mentioned(inner) & unseen) | out_of_scope(inner, here, unseen) for inner in nested))
            case Optional_(inner):
                found |= out_of_scope(inner, here, unseen)
            case Union(groups):
                found = found.union(*(out_of_scope(inner, set(), unseen | here) for inner in groups))
            case Minus() | Triples():
                pass
    return found


def mentioned(group: Group) -> set[str]:
    """Every variable that occurs in the group at any depth and is visible from outside or used in an expression."""
    return {name for name, _ in occurrences(group)}


def occurrences(group: Group) -> Iterator[tuple[str, Group]]:
    """Every occurrence of a variable, with the innermost group that it stands in."""
    if group.select:
        for name, expression in group.select.projection:
            yield name, group
            if expression:
                yield from _in_expression(expression, group)
        for token in group.select.tail:
            if token.kind == "var":
                yield token.text, group
        yield from occurrences(group.select.where)
    for element in group.elements:
        match element:
            case Triples(parts):
                yield from ((token.text, group) for token in parts if token.kind == "var")
            case Filter(expression):
                yield from _in_expression(expression, group)
            case Bind(expression, variable):
                yield from _in_expression(expression, group)
                yield variable, group
            case Optional_(inner) | Minus(inner):
                yield from occurrences(inner)
            case Union(groups):
                for inner in groups:
                    yield from occurrences(inner)


def _in_expression(expression: Expression, group: Group) -> Iterator[tuple[str, Group]]:
    for part in expression.parts:
        if isinstance(part, Exists):
            yield from occurrences(part.group)
        elif part.kind == "var":
            yield part.text, group


def sees(group: Group, names: set[str], outer: set[str]) -> bool:
    """True if every expression in the group that uses one of `names` stands where the name is bound.

    `outer` are the names among them that are bound outside and visible here (at the top, and inside EXISTS). Then it
    makes no difference whether a value is put in for the name beforehand or the solutions are joined afterwards.
    """
    if group.select:
        select = group.select
        if not sees(select.where, names, set()):
            return False
        projected = {name for name, expression in select.projection if expression is None}
        used = {name for name, _ in occurrences(Group(select=Select(False, [], select.where, [])))} & names
        if "?this" not in projected or not used <= projected:
            return False  # SHACL wants $this selected from every subquery
        return not select.aggregated or used <= select.grouped_by
    everywhere = bound(group) | outer  # filters see what is bound anywhere in their group
    so_far = set(outer)  # OPTIONAL and BIND see what stands before them
    for element in group.elements:
        match element:
            case Filter(expression):
                if not _expression_sees(expression, names, everywhere):
                    return False
            case Bind(expression, variable):
                if variable in names or not _expression_sees(expression, names, so_far):
                    return False
            case Optional_(inner):
                direct = [e for e in inner.elements if isinstance(e, Filter)]
                rest = Group([e for e in inner.elements if not isinstance(e, Filter)], inner.select)
                if not mentioned(inner) & names <= so_far or not sees(rest, names, set()):
                    return False
                if not all(_expression_sees(e.expression, names, so_far | bound(inner)) for e in direct):
                    return False
            case Minus(inner):
                if not sees(inner, names, set()):
                    return False
            case Union(groups):
                if not all(sees(inner, names, set()) for inner in groups):
                    return False
            case Triples():
                pass
        so_far |= bound(Group([element]))
    return True


def _expression_sees(expression: Expression, names: set[str], here: set[str]) -> bool:
    if not expression.variables() & names <= here:
        return False
    nested = [part.group for part in expression.parts if isinstance(part, Exists)]
    return all(mentioned(group) & names <= here and sees(group, names, set()) for group in nested)
