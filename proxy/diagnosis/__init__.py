"""What a failure means: Outcome -> Verdict; pure; the signatures are data and are handed in.

    judge.py        the order of judgement: signatures first to last, then our own rules
    reading.py      an outcome, read once: status, headers, form, texts, words, finish
    envelope.py     any JSON error envelope, unwrapped
    page.py         any HTML or XML error page
    answer.py       2xx is not success: is there an answer in the answer?
    pattern.py      linear patterns over plain text
    signature.py    what an entry of the signature file says
    index.py        signatures by status, as ready checks
    cooldown.py     how long a provider told us to stay away
    correlation.py  who else fails alike, and what that means
    evidence.py     one sentence of what was matched
    causes.py       what each cause means to a person
    transcript.py   a recorded answer -> Outcome

The room never learns what is done about a verdict, and has no ladder of providers: what is
particular to one stands in `settings/signatures.yaml`.
"""
