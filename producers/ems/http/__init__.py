"""The intake over HTTP: routes, who may call them, what is refused and how, and the server around it.

`app` has the way of a request: signed, read, handed to the intake, answered. `routes` is the table of what there is;
the document (`openapi`) is made of it. `problems` is what a refusal looks like, and `refusals`
says which error becomes which.
"""
