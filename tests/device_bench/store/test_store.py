import pytest
from sqlalchemy.exc import IntegrityError

from _edgeship.device_bench.measurement.events import (
    MeasurementChanged,
    RoundDone,
    SessionEnded,
    SessionStarted,
    Waiting,
)
from _edgeship.device_bench.results.acceleration import Acceleration
from _edgeship.device_bench.results.records import DeviceParity, Measurement, Session
from _edgeship.device_bench.store.store import Filter, Store
from _edgeship.errors import InputError
from tests.device_bench.store.saving import save
from tests.device_bench.synthetic import PHONE, VIRTUAL, session, two_runners


def _without_rounds(whole: Session) -> Session:
    bare = tuple(one.model_copy(update={"rounds": ()}) for one in whole.measurements)
    return whole.model_copy(update={"measurements": bare})


def test_events_become_the_session_that_they_tell(place: str) -> None:
    whole = session()
    with Store(place) as store:
        store.listener(SessionStarted(_without_rounds(whole)))
        store.listener(Waiting(whole.id, "the device to cool down", 30))
        for number in range(10):
            for index, measurement in enumerate(whole.measurements):
                store.listener(RoundDone(whole.id, index, measurement.rounds[number]))
        changed = _with_warning(whole.measurements[1], "close other programs")
        store.listener(MeasurementChanged(whole.id, 1, changed))
        store.listener(SessionEnded(whole.id, complete=True))
    expected = list(whole.measurements)
    expected[1] = changed
    with Store(place) as store:
        assert store.session(whole.id) == whole.model_copy(update={"measurements": tuple(expected)})


def _with_warning(measurement: Measurement, warning: str) -> Measurement:
    return measurement.model_copy(update={"warnings": (*measurement.warnings, warning)})


def test_a_changed_measurement_keeps_its_rounds(place: str) -> None:
    whole = session()
    with Store(place) as store:
        store.begin(whole)
        bare = _without_rounds(whole).measurements[0]
        store.set_measurement(whole.id, 0, bare)
        assert store.session(whole.id).measurements[0].rounds == whole.measurements[0].rounds


def test_an_unfinished_session_is_not_complete(place: str) -> None:
    whole = session()
    with Store(place) as store:
        store.begin(whole)
        assert store.session(whole.id) == whole.model_copy(update={"complete": False})
        store.finish(whole.id, complete=True)
        assert store.session(whole.id) == whole


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_numbers_that_json_does_not_know_come_back(place: str, value: float) -> None:
    parity = DeviceParity(identical=False, max_rel=value, sqnr_db=None, reference="LiteRT")
    whole = session()
    first = whole.measurements[0].model_copy(update={"parity": parity})
    with Store(place) as store:
        store.begin(whole)
        store.set_measurement(whole.id, 0, first)
        found = store.session(whole.id).measurements[0].parity
    assert found is not None
    assert repr(found.max_rel) == repr(value)


def test_what_android_granted_an_app_comes_back(place: str) -> None:
    whole = two_runners()
    with Store(place) as store:
        save(store, whole)
        assert store.session(whole.id) == whole


def test_filters_choose_sessions_oldest_first(place: str) -> None:
    phone = session("20261122-100000-0001")
    virtual = session("20261121-100000-0002", VIRTUAL, model="other")
    with Store(place) as store:
        save(store, phone)
        save(store, virtual)

        def ids(chosen: Filter) -> list[str]:
            return [one.id for one in store.sessions(chosen)]

        assert ids(Filter()) == [virtual.id, phone.id]
        assert ids(Filter(device=PHONE.selector)) == [phone.id]
        assert ids(Filter(ids=(phone.id,))) == [phone.id]
        assert ids(Filter(subject="other")) == [virtual.id]
        assert ids(Filter(subject="net_int8")) == [virtual.id, phone.id]
        assert ids(Filter(subject=phone.measurements[0].subject.sha256)) == [virtual.id, phone.id]
        assert ids(Filter(subject="build/net_int8.tflite", device="virtual")) == [virtual.id]
        assert ids(Filter(subject="' OR 1=1 --")) == []


def test_the_newest_and_those_since_a_day_are_chosen(place: str) -> None:
    days = [session(f"202611{day}-100000-0001") for day in (20, 21, 22)]
    with Store(place) as store:
        for one in days:
            save(store, one)
        assert store.sessions(Filter(last=2)) == days[1:]
        assert store.sessions(Filter(since="2026-11-22")) == days[2:]
        assert store.sessions(Filter(since="2026-11-23")) == []
        assert store.count(Filter(last=1)) == 3
        assert store.count(Filter(device="none")) == 0


def test_a_file_alone_comes_without_the_others(place: str) -> None:
    whole = session()
    with Store(place) as store:
        save(store, whole)
        [found] = store.sessions(Filter(subject="net_int8", alone=True))
        assert found == whole.model_copy(update={"measurements": whole.measurements[2:]})
        [found] = store.sessions(Filter(subject="net_int8"))
        assert found == whole


def test_what_was_measured_in_full_is_known_without_its_rounds(place: str) -> None:
    whole, virtual = session("20261122-100000-0001"), session("20261123-100000-0001", VIRTUAL)
    with Store(place) as store:
        save(store, whole)
        save(store, virtual)
        save(store, session("20261124-100000-0001", complete=False))
        wanted = [one.subject.sha256 for one in whole.measurements[:2]]
        found = store.measured([*wanted, "0" * 64])
        assert found == {
            one.subject.sha256: [(PHONE, one.settings), (VIRTUAL, other.settings)]
            for one, other in zip(whole.measurements[:2], virtual.measurements, strict=False)
        }
        assert store.measured([]) == {}


def test_an_unknown_session_is_refused_and_others_are_named(place: str) -> None:
    with Store(place) as store:
        with pytest.raises(InputError, match=r"no session 'x'(.|\n)*it is empty"):
            store.session("x")
        save(store, session())
        with pytest.raises(InputError, match=r"no session 'x'(.|\n)*20261122-142530-4f3a"):
            store.session("x")


def test_baselines_are_remembered_and_replaced(place: str) -> None:
    with Store(place) as store:
        for name in ("20261122-100000-0001", "20261122-100000-0002"):
            save(store, session(name))
            store.set_baseline("a series", name)
    with Store(place) as store:
        assert store.baselines() == {"a series": "20261122-100000-0002"}


def test_a_broken_transaction_leaves_nothing(place: str) -> None:
    whole = session()
    first = whole.measurements[0]
    twice = first.model_copy(update={"rounds": (first.rounds[0], first.rounds[0])})
    with Store(place) as store:
        with pytest.raises(IntegrityError):
            store.begin(whole.model_copy(update={"measurements": (twice,)}))
        assert store.sessions() == []
        save(store, whole)
        assert store.sessions() == [whole]


def test_what_an_accelerator_took_is_kept(place: str) -> None:
    whole = session()
    found = Acceleration(driver="Adreno (TM) 740", software=False, operators=9, taken=9)
    first = whole.measurements[0].model_copy(update={"acceleration": found})
    whole = whole.model_copy(update={"measurements": (first, *whole.measurements[1:])})
    with Store(place) as store:
        save(store, whole)
        assert store.session(whole.id) == whole


def test_rounds_are_counted_without_being_read(place: str) -> None:
    with Store(place) as store:
        two = session("20261121-100000-0001", medians=(2e6, 1e6), rounds=3, labels=("a", "b"))
        save(store, two)
        save(store, session("20261122-100000-0002", medians=(1e6,), rounds=5, labels=("a",)))
        for chosen in (
            Filter(),
            Filter(subject="a", alone=True),
            Filter(subject="b", alone=True),
            Filter(since="2026-11-22"),
            Filter(device="nowhere"),
        ):
            read = [one for each in store.sessions(chosen) for one in each.measurements]
            assert store.count_rounds(chosen) == sum(len(one.rounds) for one in read)
        assert store.count_rounds(Filter()) == 11
