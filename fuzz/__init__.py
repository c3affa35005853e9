"""Inputs that nobody thought of: ``make fuzz``.

``targets`` has the properties, ``seeds`` the valid inputs from which atheris sets out.  Neither needs atheris, and the tests
run all seeds through all targets.  What a run finds becomes a test beside the module that it was found in.
"""
