"""What a preview means to a person: `portal.plan.view` for pages and the API, `portal.plan.text` for a pull request."""
