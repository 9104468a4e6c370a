"""Try a night's models on the newest events, and let the gate decide which of them serves.

**Green**: the task's log ends with what was decided, in a line: a version was promoted (`published`) and is
`reelhouse@champion` in MLflow, or the champion stays (`kept`) and why. `challenger … was not fitted` at its end: another
recipe was to be tried and could not be; take it out of the settings, or give it what it lacks. Skipped: the night was
decided already (`unchanged`), or the champion carries a later one (`superseded`). The page
`docs/data-docs/model.champion/<night>.html` of the home shows what the decision rests on.

**A version waits for a person**: `approve` asks. Read the page, then answer there, or type `reelhouse promote VERSION
--reason TEXT`. The night does not wait: `recommend` goes on with the champion that is there. After a week without an answer
the version is left as it is.

**Red**: the task's error is one line that says what training lacked. The
champion stays, and with it the recommendations of the last night. Mend the cause and clear the task; `recommend`
follows.

**It did not run**: `silver.interactions` or `silver.title_profiles` was not published for the night: look at `refine`.
"""

from airflow.sdk import DAG

from dags.nightly import NIGHTLY, add_approval, add_jobs, when_inputs_are_there
from jobs.tables import model

JOBS = [model.CHAMPION.name]

# Answers may take days, and nights do not wait for them.
MOST_NIGHTS_AT_ONCE = 16

with DAG(
    "train",
    schedule=when_inputs_are_there(JOBS),
    doc_md=__doc__,
    **{**NIGHTLY, "max_active_runs": MOST_NIGHTS_AT_ONCE},
):
    add_approval(model.CHAMPION.name, add_jobs(JOBS))
