"""Two checkouts are compared turn by turn: a ratio above 1 means that this code is faster."""

from benchmarks.turns import compared


def test_ratios_are_of_one_turn_each_and_of_our_contenders_only() -> None:
    slow = {"append": {"raw": {"rate": 9.0}, "gatherlog": {"rate": 100.0, "cpu_us": 20.0}}}
    quick = {"append": {"raw": {"rate": 9.0}, "gatherlog": {"rate": 200.0, "cpu_us": 10.0}}}

    rows = list(compared([(slow, quick), (slow, slow), (quick, slow)]))

    assert rows == [
        "| append | gatherlog | rate | 100.0 | 100.0 | 1.000 | 0.50 to 2.00 |",
        "| append | gatherlog | cpu_us | 20.0 | 20.0 | 1.000 | 0.50 to 2.00 |",
    ]
