"""Run a SageMaker pipeline definition as processes on this machine.

It reads the JSON document that CreatePipeline takes, and nothing of ours: anybody's definition and scripts run.
`definition.read` checks a document, `engine.Runner` runs it, `record` is what stays.
"""
