"""SageMaker pipeline definitions: plain settings in, the definition's JSON out. Imports no Pulumi."""
