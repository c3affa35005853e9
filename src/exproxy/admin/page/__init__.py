"""The page in the browser: what there is to see, and what can be done, as HTML that needs no script."""
