"""exproxy as a service of Windows.

Only ``manager``, ``running`` and ``__main__`` know pywin32; all else is told by arguments what it has to do, and is tested
everywhere.
"""
