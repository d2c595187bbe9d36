"""The page of a validated set: one file that loads nothing and holds every finding."""

import re
from dataclasses import replace

import pytest

from stemwise.datasets.detect import open_tree
from stemwise.report.validation_page import write_validation
from stemwise.taxonomy import targets
from stemwise.validation import NOTE, Finding, validate
from tests.validation.spoiled import make_spoiled

from .test_page import Parts


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEMWISE_HOME", str(folder / "home"))
        return validate(open_tree(make_spoiled(folder / "Tree")), targets("mms"))


def written(path, found, **how):
    write_validation(path, found, **how)
    parts = Parts(path.read_text(encoding="utf-8"))
    return parts, " ".join(" ".join(parts.text).split())


def test_it_is_one_file_that_loads_nothing(found, tmp_path):
    parts, _ = written(tmp_path / "deep" / "page.html", found)
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["page.html"]
    assert {tag for tag, _ in parts.tags}.isdisjoint({"script", "link", "iframe"})
    images = parts.sources("img")
    assert len(images) == 2 and all(image.startswith("data:image/png;base64,") for image in images)
    assert not re.search(r'(src|href)="(?!data:|#)', (tmp_path / "deep" / "page.html").read_text())


def test_every_finding_is_on_it_with_its_cure_and_its_file(found, tmp_path):
    parts, text = written(tmp_path / "page.html", found)
    assert len(found.findings) > 15
    for finding in found.findings:
        assert " ".join(finding.what.split()) in text and finding.cure in text and finding.check in text
        assert finding.file.rpartition("/")[2] in text
        assert all(song in text for song in finding.songs)
    errors = [attributes for tag, attributes in parts.tags if "finding is-error" in attributes.get("class", "")]
    assert len(errors) == 2 and all("open" in attributes for attributes in errors)


def test_figures_songs_artists_and_licence_are_on_it(found, tmp_path):
    _, text = written(tmp_path / "page.html", found)
    for song in found.songs:
        assert f"{song.id} {song.artist}" in text
    assert found.licence in text and found.citation in text and "Training may not start." in text
    assert "electric bass" in text and "2 errors" in text
    for target in ("vocals", "electric guitar", "drums"):
        assert target in text


def test_strict_is_said(found, tmp_path):
    warned = replace(found, findings=tuple(one for one in found.findings if one.severity != "error"))
    assert "Training may start." in written(tmp_path / "page.html", warned)[1]
    assert "Training may not start." in written(tmp_path / "page.html", warned, strict=True)[1]


def test_text_is_only_text(found, tmp_path):
    harm = Finding(NOTE, "<em>x</em>", "<script>alert(1)</script>", "<i>", ("<u>",))
    parts, text = written(tmp_path / "page.html", replace(found, findings=(harm,)))
    assert not {"script", "em", "i", "u"} & {tag for tag, _ in parts.tags} and "<script>alert(1)</script>" in text


def test_a_set_without_findings_and_without_usable_songs(found, tmp_path):
    assert "Nothing was found." in written(tmp_path / "page.html", replace(found, findings=()))[1]
    empty = replace(found.summary, songs=0, hours=0.0, instruments=(), parts=(), apart=None)
    _, text = written(tmp_path / "page.html", replace(found, songs=(), facts={}, summary=empty, splits=None))
    assert "There are none; see the findings." in text
