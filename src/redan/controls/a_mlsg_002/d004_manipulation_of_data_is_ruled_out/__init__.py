"""Neither training nor validation data was manipulated."""
