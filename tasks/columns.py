"""What `inspect view` shows of our samples in its list: who, which stage, whether it counts, and how much left."""

from inspect_ai.viewer import TaskSamplesColumn, TaskSamplesView, ViewerConfig

SCORER = "verdict"

VIEWER = ViewerConfig(
    trust_content=False,  # a model under suspicion wrote it
    task_samples_view=TaskSamplesView(
        name="Verdicts",
        columns=[
            TaskSamplesColumn(id="sampleStatus"),
            TaskSamplesColumn(id="sampleId"),
            TaskSamplesColumn(id="epoch"),
            TaskSamplesColumn(id="answer"),
            TaskSamplesColumn.score(SCORER, "stage"),
            TaskSamplesColumn.score(SCORER, "fraction"),
            TaskSamplesColumn.score(SCORER, "exfiltrated"),
            TaskSamplesColumn(id="tokens"),
            TaskSamplesColumn(id="duration"),
            TaskSamplesColumn(id="limit"),
            TaskSamplesColumn(id="error"),
            TaskSamplesColumn(id="input", visible=False),
            TaskSamplesColumn(id="target", visible=False),
        ],
        multiline=False,
        score_labels={"stage": "Stage", "fraction": "Fraction", "exfiltrated": "Exfiltrated"},
    ),
)
