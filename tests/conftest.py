"""What all tests share."""


def pytest_configure(config):
    config.addinivalue_line("markers", "clause(slug, ...): the clauses of the law that a test is about")
