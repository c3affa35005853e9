"""exproxy as a service of Windows.

Only ``manager`` and ``__main__`` know pywin32; all else is told by arguments what they have to do, and is tested everywhere.
"""
