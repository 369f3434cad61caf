"""The serving handler: SageMaker's contract, errors that teach, and nothing that leaks."""

import http.client
import io
import json
import re
import subprocess
import sys

import pytest

from tests.steps.running import REPOSITORY, STEPS

RECORD = {
    "amount": 310.0,
    "hour": 2,
    "merchant_category": "electronics",
    "country_mismatch": True,
    "card_present": False,
    "distance_from_home_km": None,
    "transactions_last_24h": 6,
    "account_age_days": 900,
}


class Client:
    def __init__(self, application):
        self.application = application

    def __call__(self, method, path, body=b"", kind="application/json", **environ):
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        seen = {}
        answer = self.application(
            {
                "REQUEST_METHOD": method,
                "PATH_INFO": path,
                "CONTENT_TYPE": kind,
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
                **environ,
            },
            lambda status, headers: seen.update(status=int(status.split()[0]), headers=dict(headers)),
        )
        self.headers = seen["headers"]
        self.text = b"".join(answer).decode()
        return seen["status"], json.loads(self.text) if self.headers[
            "Content-Type"
        ] == "application/json" else self.text

    def invoke(self, body, **changes):
        return self("POST", "/invocations", body, **changes)


@pytest.fixture
def client(trained, monkeypatch):
    monkeypatch.setenv("ML_ROOT", str(trained.root))
    from serve import Application

    return Client(Application({}))


def test_a_ping_is_healthy_once_the_model_is_loaded(client):
    client.application.model.wait(30)
    assert client("GET", "/ping")[0] == 200


def test_a_ping_is_unhealthy_while_the_model_loads_and_if_it_cannot(tmp_path, monkeypatch, capfd):
    import serve

    monkeypatch.setenv("ML_ROOT", str(tmp_path))
    monkeypatch.setattr(serve, "PING_SECONDS", 0)
    client = Client(serve.Application({}))
    monkeypatch.setattr(client.application.model, "_started", True)  # loading has begun and does not end
    assert client("GET", "/ping")[1]["error"]["code"] == "model_loading"
    client.application.model._load()
    status, body = client("GET", "/ping")
    assert (status, body["error"]["code"]) == (503, "model_failed")
    assert "training.json: no such file" in capfd.readouterr().err, "the log says why"
    assert str(tmp_path) not in client.text, "the client does not"


def test_the_model_is_loaded_once_for_all_requests(client, monkeypatch):
    import predictor

    loads = []
    original = predictor.Predictor
    monkeypatch.setattr(predictor, "Predictor", lambda folder: loads.append(folder) or original(folder))
    for _ in range(3):
        assert client.invoke(RECORD)[0] == 200
    assert len(loads) == 1, "loading takes longer than predicting"


def test_one_record_and_a_list_of_records_get_the_same_prediction(client):
    status, one = client.invoke(RECORD)
    assert status == 200
    assert set(one) == {"predictions", "model_version"}
    assert one["predictions"][0]["label"] == 1, "a large night-time purchase abroad is fraud to any model"
    assert 0.5 <= one["predictions"][0]["probability"] <= 1
    _, three = client.invoke({"instances": [RECORD] * 3})
    assert three["predictions"] == one["predictions"] * 3


def test_json_lines_come_back_line_by_line(client):
    body = "\n".join(json.dumps({**RECORD, "amount": amount}) for amount in (1, 50, 900)) + "\n"
    status, text = client.invoke(body, kind="application/jsonlines")
    assert status == 200
    answers = [json.loads(line) for line in text.splitlines()]
    assert len(answers) == 3, "batch transform joins inputs and outputs by line"
    assert all(set(answer) == {"label", "probability", "model_version"} for answer in answers)


def test_serving_predicts_what_evaluation_measured(client, trained):
    """The test rows as JSON get the very probabilities that the model gives to Preprocess's test.csv."""
    import joblib
    from features import Encoding
    from split import assign
    from training_tables import read_table

    from local.data.simulator import simulate_transactions

    encoding = Encoding(json.loads((trained.root / "model" / "features.json").read_text()))
    rows, labels = read_table(trained.output / "test" / "test.csv", encoding.columns)
    expected = joblib.load(trained.root / "model" / "model.joblib").predict_proba(rows)[:, 1]

    frame = simulate_transactions(2500, seed=11)
    frame = frame[[name == "test" for name in assign(frame["transaction_id"])]]
    assert frame["is_fraud"].tolist() == labels.tolist(), "these are the same rows in the same order"
    fields = frame.drop(columns=["transaction_id", "is_fraud"])
    records = json.loads(fields.to_json(orient="records", double_precision=15))
    _, body = client.invoke({"instances": records})
    said = [item["probability"] for item in body["predictions"]]
    assert said == expected.tolist(), "no skew, not even in the last bit"


def test_records_that_break_the_schema_are_told_what_to_mend(client):
    status, body = client.invoke({"instances": [RECORD, {**RECORD, "amount": "310", "hour": 24}, "text"]})
    assert status == 400
    problems = body["error"]["problems"]
    assert [(item["instance"], item.get("field")) for item in problems] == [(1, "amount"), (1, "hour"), (2, None)]
    assert problems[0] == {
        "instance": 1, "field": "amount", "value": "310", "rule": "is a number", "fix": "send a number without quotes",
    }  # fmt: skip
    assert "at most 23" in problems[1]["rule"]


def test_a_thousand_bad_records_do_not_make_a_huge_answer(client):
    _, body = client.invoke({"instances": [{}] * 1000})
    assert len(body["error"]["problems"]) == 20
    assert body["error"]["message"].startswith("7000 values")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{not json", "not_json"),
        (b"\xff\xfe\x00", "not_utf8"),
        ("[1, 2]", "shape"),
        ("3", "shape"),
        ('{"instances": {}}', "shape"),
        ('{"instances": [], "also": 1}', "shape"),
        ("[" * 200_000, "not_json"),
        ('{"amount": ' + "9" * 5000 + "}", "not_json"),
    ],
)
def test_a_body_that_is_no_request_is_a_client_error(client, body, code):
    status, answer = client.invoke(body)
    assert (status, answer["error"]["code"]) == (400, code)


def test_no_instances_give_no_predictions(client):
    assert client.invoke({"instances": []})[1]["predictions"] == []


def test_other_content_types_methods_and_paths_are_refused_with_the_right_status(client):
    assert client.invoke("1,2", kind="text/csv")[0] == 415
    assert client.invoke(RECORD, kind="application/json; charset=utf-8")[0] == 200, "a parameter changes nothing"
    assert client("GET", "/invocations")[0] == 405
    assert client("GET", "/secret")[0] == 404


def test_the_size_of_a_request_is_bounded_whether_announced_or_not(trained, monkeypatch):
    monkeypatch.setenv("ML_ROOT", str(trained.root))
    from serve import Application

    client = Client(Application({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "1"}))
    large = b" " * (1024 * 1024 + 1)
    assert client.invoke(large)[0] == 413
    assert client.invoke(large, CONTENT_LENGTH="", **{"wsgi.input_terminated": True})[0] == 413, "chunked"
    assert client.invoke(b"{}", CONTENT_LENGTH="")[0] == 411, "reading without an end would block"
    assert client("GET", "/execution-parameters")[1]["MaxPayloadInMB"] == 1


def test_an_inner_error_shows_the_client_no_trace_and_the_log_no_payload(client, monkeypatch, capfd):
    predictor = client.application.model.wait(30)
    number = "-".join(["4111"] * 4)

    def fail(*_):
        raise ValueError(f"card {number}")

    monkeypatch.setattr(predictor, "_encode", fail)
    status, body = client.invoke(RECORD, HTTP_X_AMZN_REQUESTID="request-1")
    assert status == 500
    assert body["error"]["code"] == "internal"
    assert "Traceback" not in client.text
    assert number not in client.text
    log = capfd.readouterr().err
    assert "request-1" in log, "the operator finds the request"
    assert number not in log, "and no payload"


def test_the_log_has_sizes_and_times_but_no_values(client, capfd):
    client.invoke({**RECORD, "merchant_category": "secret-shop"})
    line = capfd.readouterr().err
    assert '"status": 200' in line
    assert "secret-shop" not in line


def test_the_app_itself_needs_nothing_but_the_standard_library():
    heavy = {"numpy", "sklearn", "pandas", "joblib"}
    code = f"import sys, serve; print(sorted({{name.split('.')[0] for name in sys.modules}} & {heavy}))"
    path = f"{STEPS / 'serve'}:{STEPS / 'shared'}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]", "the first ping must not wait for an import"


def test_it_answers_over_http_on_one_machine(trained):
    path = f"{STEPS / 'serve'}:{STEPS / 'shared'}"
    process = subprocess.Popen(
        [sys.executable, str(STEPS / "serve" / "serve.py"), "--port", "0"],
        env={"PYTHONPATH": path, "ML_ROOT": str(trained.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = re.search(r"http://(\S+)", process.stdout.readline()).group(1)
        client = http.client.HTTPConnection(address, timeout=50)
        client.request("POST", "/invocations", json.dumps(RECORD), {"Content-Type": "application/json"})
        assert json.load(client.getresponse())["predictions"][0]["label"] == 1
        client.request("GET", "/ping")
        assert client.getresponse().status == 200
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
