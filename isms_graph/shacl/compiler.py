"""Shapes compiled to SPARQL: one SELECT for each constraint, which finds the results of all focus nodes at once.

The compiler handles the targets of SHACL Core, property paths, the constraint components in `_VALUE_TESTS` and around
it, and SPARQL constraints whose query means the same for all focus nodes together as for one after another
(`scope.sees`). It raises NotUnderstood for everything else, and the shape then goes to the reference engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode

from isms_graph.index import Node, Object
from isms_graph.namespaces import OWL, SH, XSD, sh
from isms_graph.shacl import scope, sparql
from isms_graph.shacl.engine import Query
from isms_graph.shacl.model import COMPONENTS, Shape, ShapesGraph, english
from isms_graph.shacl.sparql import NotUnderstood

_PATHS = {"inversePath": "^{}", "zeroOrMorePath": "({})*", "oneOrMorePath": "({})+", "zeroOrOnePath": "({})?"}
_CHECKED_LEXICALLY = {
    XSD + name for name in ("integer", "decimal", "double", "float", "boolean", "date", "dateTime")
}  # fmt: skip
_ALWAYS_WELL_FORMED = {XSD + name for name in ("string", "anyURI", "normalizedString", "token")}


def path_text(path: Object, index: ShapesGraph) -> str:
    """A SHACL property path as SPARQL text."""
    if isinstance(path, NamedNode):
        return str(path)
    if not isinstance(path, BlankNode):
        raise NotUnderstood("a path that is a literal")
    members = index.list(path)
    if members:
        return "(" + "/".join(path_text(member, index) for member in members) + ")"
    for name, form in _PATHS.items():
        for inner in index.objects(path, sh(name)):
            return form.format(path_text(inner, index))
    for inner in index.objects(path, sh("alternativePath")):
        return "(" + "|".join(path_text(member, index) for member in index.list(inner)) + ")"
    raise NotUnderstood("a path of an unknown kind")


def target_text(shape: Shape) -> str:
    """A group graph pattern that binds ?this to every focus node of the shape, each once."""
    parts = [_target(kind, value) for kind, value in shape.targets()]
    if not parts:
        raise NotUnderstood("a shape without a target")
    if len(parts) == 1 and shape.targets()[0][0] in ("targetClass", "targetNode"):
        return parts[0]
    union = " UNION ".join(f"{{ {part} }}" for part in parts)
    return f"{{ SELECT DISTINCT ?this WHERE {{ {union} }} }}"


def _target(kind: str, value: Object) -> str:
    if kind == "targetNode":
        if isinstance(value, BlankNode):
            raise NotUnderstood("a target that is a blank node")
        return f"VALUES ?this {{ {value} }}"
    if kind == "targetClass":
        return f"?this a {value} ."
    return f"?this {value} ?targeted ." if kind == "targetSubjectsOf" else f"?targeted {value} ?this ."


def compile_shape(shape: Shape) -> Iterator[tuple[Shape, Query]]:
    """The queries of a shape with targets and of its property shapes, each with the shape that reports."""
    for parameter in shape.index.custom_parameters:
        if any(shape.index.objects(one.node, parameter) for one in (shape, *shape.property_shapes())):
            raise NotUnderstood("a constraint component that the shapes graph itself defines")
    target = target_text(shape)
    yield from ((shape, query) for query in _constraints(shape, target))
    for inner in shape.property_shapes():
        if inner.deactivated:
            continue
        if shape.path is not None:
            raise NotUnderstood("sh:property inside a property shape")
        if inner.property_shapes():
            raise NotUnderstood("sh:property inside sh:property")
        yield from ((inner, query) for query in _constraints(inner, target))


def _constraints(shape: Shape, target: str) -> Iterator[Query]:
    path = path_text(shape.path, shape.index) if shape.path is not None else ""
    values = f"?this {path} ?value ." if path else "BIND(?this AS ?value)"
    for name, value in shape.constraints():
        if name == "property":
            continue
        component = f"{SH}{COMPONENTS[name]}ConstraintComponent"
        if name == "sparql":
            yield _sparql(shape, value, target, path, component)
            continue
        body, has_value = _core(shape, name, value, values, path)
        select = "?this ?value" if has_value else "?this"
        yield Query(f"SELECT DISTINCT {select} WHERE {{ {target} {body} }}", component, shape.message, path)


def _core(shape: Shape, name: str, value: Object, values: str, path: str) -> tuple[str, bool]:
    """The pattern that finds violations of a Core constraint, and whether a violation has a value node."""
    if name in _VALUE_TESTS:
        if isinstance(value, BlankNode) and name not in ("in", "languageIn"):
            raise NotUnderstood(f"sh:{name} with a blank node")
        return f"{values} {_VALUE_TESTS[name](shape, value)}", True
    if name == "minCount":
        count = _number(value)
        if count == 0:
            return "FILTER(false)", False
        if count == 1:
            return f"MINUS {{ ?this {path} ?value }}", False
        return f"MINUS {{ {_counted(path, f'>= {count}')} }}", False
    if name == "maxCount":
        return f"{{ {_counted(path, f'> {_number(value)}')} }}", False
    if name == "hasValue":
        if not path:
            return f"FILTER(!sameTerm(?this, {_term(value)}))", False
        return f"MINUS {{ ?this {path} {_term(value)} }}", False
    if name == "disjoint":
        return f"{values} ?this {value} ?value .", True
    if name == "equals":
        one = f"{values} MINUS {{ ?this {value} ?value }}"
        other = f"?this {value} ?value . MINUS {{ {values} }}" if path else f"?this {value} ?value . FILTER(!sameTerm(?value, ?this))"
        return f"{{ {target_text(shape)} {one} }} UNION {{ {other} }}", True
    if name in ("lessThan", "lessThanOrEquals"):
        operator = "<" if name == "lessThan" else "<="
        return f"{values} ?this {value} ?other . FILTER(!COALESCE(?value {operator} ?other, false))", True
    raise NotUnderstood(f"sh:{name}")


def _counted(path: str, limit: str) -> str:
    return f"SELECT ?this WHERE {{ ?this {path} ?value }} GROUP BY ?this HAVING (COUNT(DISTINCT ?value) {limit})"


def _number(value: Object) -> int:
    if not isinstance(value, Literal) or not value.value.lstrip("+-").isdigit():
        raise NotUnderstood("a count that is not an integer")
    return int(value.value)


def _term(value: Object) -> str:
    if isinstance(value, BlankNode):
        raise NotUnderstood("a blank node as a value")
    return str(value)


def _class(_: Shape, value: Object) -> str:
    return f"MINUS {{ ?value a {value} }}"


def _datatype(_: Shape, value: Object) -> str:
    if isinstance(value, NamedNode) and value.value.startswith(XSD) and value.value not in _CHECKED_LEXICALLY | _ALWAYS_WELL_FORMED:
        raise NotUnderstood(f"the form of {value.value}")
    well_formed = (
        f" && COALESCE({value}(STR(?value)) = {value}(STR(?value)), false)"
        if isinstance(value, NamedNode) and value.value in _CHECKED_LEXICALLY
        else ""
    )
    return f"FILTER(!(isLiteral(?value) && DATATYPE(?value) = {value}{well_formed}))"


def _node_kind(_: Shape, value: Object) -> str:
    kinds = {"IRI": "isIRI(?value)", "BlankNode": "isBlank(?value)", "Literal": "isLiteral(?value)"}
    name = value.value.removeprefix(SH) if isinstance(value, NamedNode) else ""
    tests = [test for kind, test in kinds.items() if kind in name.split("Or")]
    if not tests:
        raise NotUnderstood("an unknown sh:nodeKind")
    return f"FILTER(!({' || '.join(tests)}))"


def _in(shape: Shape, value: Object) -> str:
    members = [_term(member) for member in shape.index.list(value)]
    return f"FILTER(!({' || '.join(f'sameTerm(?value, {member})' for member in members) or 'false'}))"


def _pattern(shape: Shape, value: Object) -> str:
    flags = shape.index.text(shape.node, sh("flags"))
    if "(?" in str(value):
        raise NotUnderstood("a pattern with groups that SPARQL does not know")
    return f"FILTER(isBlank(?value) || !REGEX(STR(?value), {value}, {Literal(flags)}))"


def _length(operator: str) -> Callable[[Shape, Object], str]:
    return lambda _, value: f"FILTER(isBlank(?value) || !(STRLEN(STR(?value)) {operator} {_number(value)}))"


def _range(operator: str) -> Callable[[Shape, Object], str]:
    return lambda _, value: f"FILTER(!COALESCE(?value {operator} {value}, false))"


def _languages(shape: Shape, value: Object) -> str:
    tags = [member for member in shape.index.list(value) if isinstance(member, Literal)]
    tests = " || ".join(f"LANGMATCHES(LANG(?value), {Literal(tag.value)})" for tag in tags)
    return f"FILTER(!COALESCE({tests or 'false'}, false))"


_VALUE_TESTS: dict[str, Callable[[Shape, Object], str]] = {
    "class": _class,
    "datatype": _datatype,
    "nodeKind": _node_kind,
    "in": _in,
    "pattern": _pattern,
    "languageIn": _languages,
    "minLength": _length(">="),
    "maxLength": _length("<="),
    "minInclusive": _range(">="),
    "minExclusive": _range(">"),
    "maxInclusive": _range("<="),
    "maxExclusive": _range("<"),
}


def _sparql(shape: Shape, node: Object, target: str, path: str, component: str) -> Query:
    if not isinstance(node, (NamedNode, BlankNode)):
        raise NotUnderstood("a constraint that is a literal")
    index = shape.index
    select = sparql.parse_select(index.text(node, sh("select")))
    if path:
        _put_path(select.where, path)
    names = {name for name, _ in select.projection}
    used = scope.mentioned(select.where) | names
    if used & {"?PATH", "?currentShape", "?shapesGraph", "?failure", "?targeted"}:
        raise NotUnderstood("a pre-bound variable other than $this")
    if "?this" not in names:
        raise NotUnderstood("a query that does not select $this")
    where = select.where if not select.where.select else sparql.Group([sparql.Union([select.where])])
    if not scope.sees(where, {"?this"}, {"?this"}):
        raise NotUnderstood("$this in an expression where nothing binds it")
    if select.aggregated and "?this" not in select.grouped_by:
        raise NotUnderstood("an aggregate that is not grouped by $this")
    _sets_for_exists(where, {"?this"})
    select.where = where
    select.distinct = True
    text = sparql.write_select(select)
    text = text.replace("WHERE {", f"WHERE {{ {target}", 1)
    message = english(index.objects(node, sh("message"))) or shape.message
    return Query(_prologue(index, node) + text, component, message, path, value_is_focus=not path and "?value" not in names)


def _prologue(index: ShapesGraph, node: Node) -> str:
    lines = []
    owners = index.named(node, sh("prefixes"))
    for owner in owners:
        owners += [other for other in index.named(owner, NamedNode(OWL + "imports")) if other not in owners]
        for declared in index.objects(owner, sh("declare")):
            if isinstance(declared, (NamedNode, BlankNode)):
                lines.append(f"PREFIX {index.text(declared, sh('prefix'))}: <{index.text(declared, sh('namespace'))}>\n")
    return "".join(lines)


def _put_path(group: sparql.Group, path: str) -> None:
    for element in group.elements:
        match element:
            case sparql.Triples(tokens):
                element.tokens = [sparql.Token("iri", path) if token.text == "?PATH" else token for token in tokens]
            case sparql.Optional_(inner):
                _put_path(inner, path)
            case sparql.Union(groups):
                for inner in groups:
                    _put_path(inner, path)
            case sparql.Filter(expression):
                for part in expression.parts:
                    if isinstance(part, sparql.Exists):
                        _put_path(part.group, path)
            case _:
                pass
    if group.select:
        _put_path(group.select.where, path)


def _sets_for_exists(group: sparql.Group, certain: set[str]) -> None:
    """Turn FILTER NOT EXISTS into MINUS, and FILTER EXISTS into a join with the distinct solutions of its group.

    The engine evaluates a set once and an EXISTS per row. Both mean the same if every variable that the two sides share
    is bound for certain on both, and no expression
    inside needs a value from outside. `certain` are variables that the caller binds in this group.
    """
    if group.select:
        _sets_for_exists(group.select.where, set())
        return
    here = scope.bound(group) | certain
    kept: list[sparql.Element] = []
    moved: list[tuple[set[str], sparql.Minus]] = []
    for position, element in enumerate(group.elements):
        if isinstance(element, sparql.Union):
            for inner in element.groups:
                _sets_for_exists(inner, set())
        if not isinstance(element, sparql.Filter) or len(element.expression.parts) != 1:
            kept.append(element)
            continue
        (part,) = element.expression.parts
        if not isinstance(part, sparql.Exists):
            kept.append(element)
            continue
        rest = sparql.Group([other for at, other in enumerate(group.elements) if at != position])
        outside = scope.mentioned(rest) | certain
        shared = scope.mentioned(part.group) & outside
        if shared and shared <= here and shared <= scope.bound(part.group) and scope.sees(part.group, shared, set()):
            _sets_for_exists(part.group, set())
            if part.negated:
                moved.append((shared, sparql.Minus(part.group)))
            else:
                distinct = sparql.Select(True, [(name, None) for name in sorted(shared)], part.group, [])
                kept.append(sparql.Union([sparql.Group([], distinct)]))
        else:
            kept.append(element)
    for shared, minus in moved:
        kept.insert(_earliest(kept, shared - certain), minus)
    group.elements = kept


def _earliest(elements: list[sparql.Element], names: set[str]) -> int:
    """The first place before an OPTIONAL at which all names are bound, else the end: what is taken away early costs no OPTIONAL."""
    for position, element in enumerate(elements):
        if isinstance(element, sparql.Optional_) and names <= scope.bound(sparql.Group(elements[:position])):
            return position
    return len(elements)
