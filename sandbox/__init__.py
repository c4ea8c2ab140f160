"""The world seen from the host.

Four layers, each knowing only those below it: `provider`, `lifetime` and `harness` speak Inspect; `launch`, `world` and `cleanup` make,
hold and end one world; `layout` says what the engine is told (pure), `channel` runs commands over an attached container; `engine` and
`images` are Docker's. On these stand `prepare`, `seal`, `instruments` and `collect`: what is done to a world before and after the model.
"""
