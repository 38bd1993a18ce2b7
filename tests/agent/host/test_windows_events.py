"""Events of the log: XML as public threads and documentation show it, and hostile text in it."""

import calendar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import NotSupported, SourceBroken
from farmwatch_agent.host.windows import events
from farmwatch_agent.host.windows.events import QUESTIONS, EventRecord, parse_event, query_of

#: Form: hayabusa-rules pull request 762 (event 25), names and address exchanged.
RECONNECTED = """<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>
<Provider Name='Microsoft-Windows-TerminalServices-LocalSessionManager' Guid='{5d896912-022d-40aa-a3a8-4fa5515c76d7}'/>
<EventID>25</EventID><Version>0</Version><Level>4</Level><Task>0</Task><Opcode>0</Opcode>
<Keywords>0x1000000000000000</Keywords><TimeCreated SystemTime='2024-11-03T07:36:59.0226807Z'/>
<EventRecordID>88</EventRecordID><Channel>Microsoft-Windows-TerminalServices-LocalSessionManager/Operational</Channel>
<Computer>EXAMPLE-PC</Computer><Security UserID='S-1-5-18'/></System><UserData><EventXML xmlns="Event_NS">
<User>EXAMPLE-PC\\ann</User><SessionID>3</SessionID><Address>203.0.113.1</Address></EventXML></UserData></Event>"""
#: Form: learn.microsoft.com, "4778(S): A session was reconnected to a Window Station".
SECURITY = """<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><EventID>4778</EventID>
<TimeCreated SystemTime="2015-09-10T23:45:57.038394600Z" /></System><EventData>
<Data Name="AccountName">ladmin</Data><Data Name="AccountDomain">CONTOSO</Data><Data Name="LogonID">0x1e01f6</Data>
<Data Name="SessionName">RDP-Tcp#6</Data><Data Name="ClientName">WIN81</Data>
<Data Name="ClientAddress">10.0.0.100</Data></EventData></Event>"""
AT = calendar.timegm((2024, 11, 3, 7, 36, 59)) + 0.0226807


def test_an_event_of_user_data_is_reduced_to_its_listed_fields() -> None:
    found = parse_event(RECONNECTED, QUESTIONS["sessions"].fields)
    assert found is not None
    assert (found.number, found.fields) == (
        25,
        {"User": "EXAMPLE-PC\\ann", "SessionID": "3", "Address": "203.0.113.1"},
    )
    assert found.at == pytest.approx(AT)
    assert set(found.identifying()) == {"EXAMPLE-PC", "ann"}


def test_an_event_of_event_data_is_reduced_to_its_listed_fields() -> None:
    found = parse_event(SECURITY, QUESTIONS["reconnected"].fields)
    assert found is not None
    assert found.fields == {
        "AccountName": "ladmin",
        "SessionName": "RDP-Tcp#6",
        "ClientName": "WIN81",
        "ClientAddress": "10.0.0.100",
    }
    assert "CONTOSO" not in str(found)


def test_nothing_but_the_number_is_told_where_no_field_is_listed() -> None:
    found = parse_event(RECONNECTED, QUESTIONS["shadowing"].fields)
    assert found == EventRecord(number=25, at=found.at if found else 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<EventID>21</EventID>",
        "<EventID>x</EventID><TimeCreated SystemTime='2024-11-03T07:36:59Z'/>",
        "<EventID>21</EventID><TimeCreated SystemTime='2024-13-03T07:36:59Z'/>",
        "<EventID>21</EventID><TimeCreated SystemTime='2024-11-03T25:36:59Z'/>",
        "<EventID>21</EventID><TimeCreated SystemTime='1601-01-01T00:00:00Z'/>",
    ],
)
def test_an_event_without_number_or_time_is_none(text: str) -> None:
    assert parse_event(text, ("User",)) is None


def test_entities_are_read_and_long_values_cut() -> None:
    text = RECONNECTED.replace("EXAMPLE-PC\\ann", "A&amp;B&#92;x&#x110000;&#xD800;&lt;y&gt;" + "z" * 4000)
    found = parse_event(text, ("User",))
    assert found is not None
    assert found.fields["User"].startswith("A&B\\x??<y>zzz")
    assert len(found.fields["User"]) == 256


def test_a_field_in_the_system_part_passes_for_none() -> None:
    text = RECONNECTED.replace("<Computer>EXAMPLE-PC</Computer>", "<Address>198.51.100.7</Address>")
    found = parse_event(text, ("Address",))
    assert found is not None
    assert found.fields == {"Address": "203.0.113.1"}


@given(st.text(max_size=600))
def test_any_text_is_read_without_an_error(text: str) -> None:
    head = "<System><EventID>21</EventID><TimeCreated SystemTime='2024-11-03T07:36:59Z'/></System>"
    found = parse_event(head + text, ("User", "Address"))
    assert found is not None
    assert all(len(value) <= 256 for value in found.fields.values())


def test_a_question_selects_by_number_and_age() -> None:
    assert query_of(QUESTIONS["suspends"]) == (
        "*[System[Provider[@Name='Microsoft-Windows-Kernel-Power'] and (EventID=42 or EventID=506) and "
        "TimeCreated[timediff(@SystemTime) <= 2592000000]]]"
    )
    assert all(question.limit <= 500 and question.days <= 30 for question in QUESTIONS.values())


def test_only_listed_questions_are_asked() -> None:
    with pytest.raises(SourceBroken, match="no listed question"):
        EventRecord.live("Application")
    with pytest.raises(NotSupported):
        EventRecord.live("sessions")
    assert events.QUESTIONS["reconnected"].channel == "Security"
