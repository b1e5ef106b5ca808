"""What `make audit` says of a page, and that the server it uses sends what is there."""

import gzip
import urllib.request

import audit
import pytest
from local_server import served

GOOD = {"accessibility": 100, "best-practices": 96, "seo": 100, "performance": 93}


def report(**scores):
    return {"scores": {**GOOD, **scores}, "faults": {"seo": ["meta-description"]}}


def test_a_good_page_has_no_faults():
    result = audit.Result("index")
    audit.judge(result, report())
    assert not result.faults and result.scores == GOOD


@pytest.mark.parametrize("name", audit.LEAST)
def test_a_low_score_is_a_fault_that_names_its_reason(name):
    result = audit.Result("index")
    audit.judge(result, report(**{name: audit.LEAST[name] - 1}))
    assert len(result.faults) == 1 and result.faults[0].startswith(name)
    assert ("meta-description" in result.faults[0]) == (name == "seo")


def test_a_missing_score_is_a_fault():
    result = audit.Result("index")
    audit.judge(result, report(performance=None))
    assert result.faults[0].startswith("performance –")


def test_of_three_measurements_the_middle_one_counts(monkeypatch):
    """Only what was too slow is measured again."""
    given = {"quick": [95], "disturbed": [80, 95, 91], "slow": [80, 95, 85]}

    def reports(port, address, pages):
        for page in pages:
            yield page, report(performance=given[page].pop(0))

    monkeypatch.setattr(audit, "reports", reports)
    results = {page: audit.Result(page) for page in given}
    audit.look_with_lighthouse(0, "", list(results.values()))
    scores = {page: found.scores["performance"] for page, found in results.items()}
    assert scores == {"quick": 95, "disturbed": 91, "slow": 85}
    assert [page for page, found in results.items() if found.faults] == ["slow"]
    assert not any(given.values())


def test_a_wrong_page_is_named():
    with pytest.raises(SystemExit, match="No page 'nowhere'"):
        audit.known(["index", "nowhere"])
    assert {"index", "search"} <= set(audit.known([]))


def test_server_compresses_texts_and_nothing_else(tmp_path):
    (tmp_path / "index.html").write_text("<p>café</p>", "utf8")
    (tmp_path / "a.woff2").write_bytes(b"\x00\x01")
    with served(tmp_path) as address:
        for path in ("/", "/index.html"):
            wanted = urllib.request.Request(
                address + path, headers={"Accept-Encoding": "gzip"}
            )
            with urllib.request.urlopen(wanted) as answer:
                assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
                assert gzip.decompress(answer.read()).decode() == "<p>café</p>"
        with urllib.request.urlopen(f"{address}/a.woff2") as answer:
            assert answer.headers["Content-Encoding"] is None
            assert answer.read() == b"\x00\x01"


@pytest.mark.browser
def test_no_violations_on_pages_of_every_kind(html, chromium):
    """As `make audit` looks at them, where its packages are; one page of each kind."""
    if not audit.AXE.is_file():
        pytest.skip("axe-core is not there: make audit fetches it")
    names = (
        "index",
        "02-perceptrons/perceptron",
        "03-error-functions/review",
        "search",
    )
    results = audit.audit(list(names), axe_only=True)
    assert [fault for result in results for fault in result.faults] == []
