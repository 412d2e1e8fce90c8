"""A workspace written as a workbook of registers says the same when it is read again."""

from __future__ import annotations

import tempfile
from itertools import chain
from pathlib import Path

import pytest
from conftest import DATA, HEADER
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad, RdfFormat, serialize

from isms_graph.errors import InputError
from isms_graph.exporters.registers import Written, write_registers
from isms_graph.graph import load
from isms_graph.importers.columns import columns
from isms_graph.namespaces import ISO27001, RDF_TYPE, RDFS_LABEL, XSD, isms
from isms_graph.sources.workspace import in_default_graph
from isms_graph.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
BASE = "https://example.org/isms/"
CLASSES = sorted(VOCABULARY.classes, key=str)


def canonical(folder: Path) -> str:
    """The RDFC-1.0 form of everything that the files of a workspace say."""
    dataset = Dataset(quad for source in load(folder).sources for quad in in_default_graph(source))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return "\n".join(sorted(map(str, dataset)))


def there_and_back(folder: Path, to: Path) -> Written:
    written = write_registers(load(folder), to)
    assert canonical(folder) == canonical(to)
    return written


@pytest.mark.parametrize("name", ["harbour-saas", "alder-clinics", "harbour-neglected"])
def test_demonstration_organisations(tmp_path: Path, name: str) -> None:
    written = there_and_back(DATA / name, tmp_path / "out")
    assert written.beside < 0.005 * written.statements
    assert (load(tmp_path / "out").workspace.as_of, load(tmp_path / "out").workspace.stage) == (
        load(DATA / name).workspace.as_of,
        load(DATA / name).workspace.stage,
    )


def test_the_same_workspace_is_the_same_workbook(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_registers(load(DATA / "harbour-saas"), tmp_path / name)
    for file in ("registers.xlsx", "isms.toml", "rest.ttl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(InputError, match="the folder is not empty"):
        write_registers(load(DATA / "harbour-saas"), tmp_path)


def test_every_class_with_every_property(tmp_path: Path) -> None:
    """An element of each class, with a value for each column that the register of the class has, all of it in the workbook."""
    quads: list[Quad] = []
    targets = {class_: NamedNode(f"{BASE}e-{number}") for number, class_ in enumerate(CLASSES)}
    literals = {
        "date": Literal("2026-03-31", datatype=NamedNode(XSD + "date")), "integer": Literal(7), "boolean": Literal(True),
        "decimal": Literal("12.50", datatype=NamedNode(XSD + "decimal")), "string": Literal("Some; text\nin two lines"),
    }  # fmt: skip
    for class_, node in targets.items():
        quads += [Quad(node, RDF_TYPE, class_), Quad(node, RDFS_LABEL, Literal(f"The {VOCABULARY.label(class_)}"))]
        for column in columns(class_, VOCABULARY)[2:]:
            if column.property is None:
                continue
            range_ = VOCABULARY.range(column.property)
            if column.datatype:
                quads.append(Quad(node, column.property, literals[column.datatype]))
            elif range_ is not None and (instances := VOCABULARY.instances(range_)):
                quads.append(Quad(node, column.property, instances[0]))
            elif range_ is not None:
                fitting = [target for kind, target in targets.items() if VOCABULARY.is_kind_of(kind, range_)]
                quads += [Quad(node, column.property, target) for target in fitting[:2]]
    source = tmp_path / "in"
    source.mkdir()
    (source / "isms.toml").write_text(f'base = "{BASE}"\n')
    (source / "all.nt").write_bytes(serialize([quad.triple for quad in quads], format=RdfFormat.N_TRIPLES) or b"")
    written = there_and_back(source, tmp_path / "out")
    assert (written.sheets, written.elements, written.beside) == (len(CLASSES), len(CLASSES), 0)
    assert written.statements == len(set(quads)) > 1_000


TEXTS = st.text(alphabet=st.sampled_from(list("aé ;,\"'\n\r\t=+-@_x0041_A.5.1<>:{}|&\\\u00a0\u0001\U0001f4a9")), max_size=14)
IDS = ["R-1", "R-2", "A.5.1", "5.1", "modify", "clause%205.1", "x/y", "isms:Risk"]
OTHERS = ["urn:x:1", f"{ISO27001}A.5.1", f"{ISO27001}5.1", isms("Modify").value, "https://other.example/R-1"]
NODES = st.sampled_from([*(NamedNode(BASE + one) for one in IDS), *map(NamedNode, OTHERS)])
TYPES = st.sampled_from([*(isms(one) for one in ("Risk", "Asset", "Role", "CloudSupplier")), NamedNode("urn:x:Class")])
ANY = st.one_of(TEXTS.map(Literal), TEXTS.map(lambda text: Literal(text, language="en")))


def typed(datatype: str, *texts: str) -> st.SearchStrategy[Literal]:
    return st.sampled_from([Literal(text, datatype=NamedNode(XSD + datatype)) for text in texts])


LITERALS = {
    RDFS_LABEL: ANY, isms("description"): ANY, isms("reviewedOn"): typed("date", "2026-03-31", "2025-12-31"),
    isms("inherentLevel"): typed("integer", "7", "07", "-1"), isms("critical"): typed("boolean", "true", "1", "false"),
    NamedNode("urn:x:p"): st.one_of(ANY, typed("dateTime", "2026-03-31T10:00:00")),
}  # fmt: skip
OF_NODES = [isms(one) for one in ("owner", "treatmentOption", "concernsAsset", "underClause", "judgedBy")] + [NamedNode("urn:x:p")]
TYPED = st.tuples(NODES, st.just(RDF_TYPE), TYPES)
LINKED = st.tuples(NODES, st.sampled_from(OF_NODES), NODES)
SAID = st.sampled_from(list(LITERALS)).flatmap(lambda property_: st.tuples(NODES, st.just(property_), LITERALS[property_]))
QUADS = st.lists(st.one_of(TYPED, LINKED, SAID), min_size=1, max_size=14)


@settings(max_examples=40, deadline=None)
@given(QUADS)
def test_whatever_the_data_hold_nothing_is_lost(statements: list[tuple[NamedNode, NamedNode, NamedNode | Literal]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in"
        source.mkdir()
        (source / "isms.toml").write_text(f'base = "{BASE}"\n')
        bare = {one[0] for one in statements} - {one[0] for one in statements if one[1] == RDF_TYPE and one[2] != NamedNode("urn:x:Class")}
        types = [Quad(node, RDF_TYPE, isms("Risk")) for node in [NamedNode(BASE + "R-1"), *bare]]  # what has no class is refused on loading
        triples = [quad.triple for quad in chain(types, (Quad(*one) for one in statements))]
        (source / "all.nt").write_bytes(serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
        there_and_back(source, Path(folder) / "out")


def test_blank_nodes_and_statements_that_fit_no_table_stand_beside_the_workbook(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    text = ':r a isms:Risk , isms:Asset ; rdfs:label "One"@en ; isms:owner [ a isms:Role ; rdfs:label "Nobody" ] .'
    text += "<urn:x:1> a isms:Asset ."
    (source / "a.ttl").write_text(HEADER + text)
    (source / "isms.toml").write_text(f'base = "{BASE}"\n')
    written = there_and_back(source, tmp_path / "out")
    assert (written.elements, written.beside) == (1, 6)
