import pytest

from schemas.configfile import load_config
from schemas.exits import UserError
from schemas.yamlfile import parse_yaml

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)
MERGES = "a: &a {k0: 1, k1: 1, k2: 1, k3: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 10)}]}}\n"
    for before, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LAUGHS, "its aliases repeat themselves to more than 100,000 values; write them out"),
        (MERGES, "its aliases repeat themselves"),
        ("a: &x\n  b: [*x]\n", "its aliases repeat themselves"),
        ("&x [*x]", "its aliases repeat themselves"),
        ("&x {*x : 1}", "its aliases repeat themselves"),
        ("[" * 20_000, "it is nested too deeply"),
        ("a: [1", "expected"),
        ("day: 2024-13-45", "month must be in 1..12"),
        ("a: *nobody", "undefined alias"),
        ("!!python/object:os.system {}", "could not determine a constructor"),
    ],
)
def test_what_has_no_bounds_or_is_no_yaml_is_refused_in_words(text, why):
    with pytest.raises(ValueError, match=why):
        parse_yaml(text)


def test_aliases_within_bounds_are_read():
    assert parse_yaml("a: &a {k: 1}\nb: {<<: *a, l: 2}\nc: [*a, *a]") == {
        "a": {"k": 1},
        "b": {"k": 1, "l": 2},
        "c": [{"k": 1}, {"k": 1}],
    }
    assert parse_yaml("") is None
    assert len(parse_yaml(f"[{'x, ' * 90_000}]")) == 90_000


def test_a_config_without_bounds_is_one_line_that_names_the_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("curate: &x\n  sources: [*x]\n")
    with pytest.raises(UserError, match=r"config\.yaml: not YAML: its aliases repeat themselves"):
        load_config(path)
    path.write_text("curate: {}")
    with pytest.raises(UserError, match="the value is not YAML: its aliases repeat"):
        load_config(path, ["curate.seed=&x [*x]"])
