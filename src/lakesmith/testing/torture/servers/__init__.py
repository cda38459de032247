"""What histories of a real server share, whichever server it is.

`playing` is what each history has, `running` how servers run, `talking` how a victim is heard, `loading` what a victim does, `mutants` a
source made wrong, `campaign` a part of the proof. `postgres` and `mongodb` beside it say what happens at a server, and what a load promises.
"""
