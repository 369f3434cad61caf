"""Remove what people made in a Studio domain before it is destroyed, and what SageMaker leaves behind after it."""
