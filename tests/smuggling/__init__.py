"""Messages that two readers could take apart in two ways, in all forms that are known, and what becomes of each here.

``questions`` has the requests, ``answers`` what servers say.  Nothing of a body is ever to be read as a message: each body that
could be has a request for ``/smuggled`` in it, a canary that no server may see.
"""
