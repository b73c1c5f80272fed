"""The nightly: whole days of thirty officers, one after another on the same data."""

from tests.installation import installation_on

SEEDS = ("11", "12", "13")


def test_day_after_day_not_a_rupee_and_not_a_fact_is_missing():
    with installation_on(None) as installation:
        installation.start()
        for seed in SEEDS:
            day = installation.run("tests.simulation.day", "--seed", seed)

            assert day.returncode == 0, f"seed {seed}\n{day.stdout}"
