"""What providers say of themselves: shown beside our own evidence, never a trigger.

`said.py` has the words, one file for each form of feed reads it, `read.py` tells them apart,
`watch.py` fetches. Providers' pages lag by minutes and change their form without notice: whatever
cannot be understood is `unknown`, never "operational".
"""
