"""Settings: where each comes from, and what a mistake is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent import config
from farmwatch_agent.config import ConfigError, Settings


def load(tmp_path: Path, text: str, **environment: str) -> Settings:
    file = tmp_path / "agent.yaml"
    file.write_text(text)
    return config.load(str(file), environment=environment)


def test_everything_has_a_default_and_says_so() -> None:
    settings = config.load(environment={})
    assert (settings.heartbeat_seconds, settings.url, settings.off) == (900, "", ())
    assert set(settings.origins.values()) == {"default"}


def test_each_setting_names_its_origin_and_the_later_one_wins(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("url: https://file.example.com\nheartbeat_seconds: 600\nproxy: http://proxy.example.com:3128\n")
    settings = config.load(
        str(file),
        flags={"url": "https://flag.example.com", "proxy": ""},
        environment={"FARMWATCH_HEARTBEAT_SECONDS": "300", "FARMWATCH_URL": "https://environment.example.com"},
    )
    assert (settings.url, settings.heartbeat_seconds) == ("https://flag.example.com", 300)
    assert settings.origins == {
        "url": "--url",
        "heartbeat_seconds": "environment FARMWATCH_HEARTBEAT_SECONDS",
        "proxy": f"{file} line 3",
        "ca_file": "default",
        "off": "default",
        "on": "default",
        "landmarks": "default",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hartbeat_seconds: 900", "line 1: there is no setting “hartbeat_seconds”. Did you mean heartbeat_seconds?"),
        (
            "url: https://a.example.com\nheartbeat_seconds: soon",
            "line 2, heartbeat_seconds: 'soon' is not a whole number",
        ),
        ("heartbeat_seconds: 5", "line 1, heartbeat_seconds: 5 is not a whole number from 60 to 86400. Write 900."),
        ("heartbeat_seconds: true", "is not a whole number"),
        ("url: 7", "line 1, url: 7 is no text"),
        ("url: http://a.example.com", "plain http"),
        ("proxy: proxy.example.com:3128", "line 1, proxy: is no proxy's address. Write http://proxy.example.com:3128."),
        ("proxy: http://a b", "is no proxy's address"),
        ("proxy: socks5://127.0.0.1:1080", "is no proxy's address"),
        ("off: sessions", "off: is no list. Write off: [sessions]."),
        ("off: [screens]", "off: there is no kind 'screens'"),
        ("off: [[usb]]", "off: there is no kind ['usb']"),
        ("on: arp", "on: is no list. Write on: [arp]."),
        ("on: [screens]", "on: there is no kind 'screens'"),
        ("ca_file: /nowhere/ca.pem", "there is no file /nowhere/ca.pem"),
        ("url: a\nurl: b", "line 2, url: is set twice"),
        ("- url", "is no list of settings"),
        ("url: [", "is not valid YAML"),
        ("off: !!python/object/apply:os.system [x]", "is not valid YAML"),
        ("a: " + "[" * 1_200, "YAML"),
    ],
)
def test_a_mistake_is_told_with_line_field_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)
    assert str(tmp_path / "agent.yaml") in str(caught.value)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        config.load(str(tmp_path / "none.yaml"), environment={})
    with pytest.raises(ConfigError, match="there is no such file"):
        config.load(environment={"FARMWATCH_CONFIG": str(tmp_path / "none.yaml")})


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing yet\n").heartbeat_seconds == 900


def test_a_file_of_any_size_is_not_read_to_its_end(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="larger than 64 KiB"):
        load(tmp_path, "#" * (65 << 10))


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_any_bytes_are_settings_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    try:
        settings = config.load(str(file), environment={})
    except ConfigError:
        return
    assert isinstance(settings, Settings)


def test_a_proxy_with_a_mistake_is_not_repeated_because_a_password_may_stand_in_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "proxy: htp://somebody:something-secret@proxy.example.com:3128")
    assert "something-secret" not in str(caught.value)
