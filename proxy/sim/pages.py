"""Pages that gateways in front of a provider answer with, as they have been seen in the wild.

Data. It must never know when they are sent.
"""

from proxy.model import Headers

CLOUDFLARE_HEADERS: Headers = (
    (b"server", b"cloudflare"),
    (b"cf-ray", b"9ed5826068e1c9e3-FRA"),
    (
        b"cache-control",
        b"private, max-age=0, no-store, no-cache, must-revalidate, post-check=0, pre-check=0",
    ),
    (b"expires", b"Thu, 01 Jan 1970 00:00:01 GMT"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
    (b"content-type", b"text/html; charset=UTF-8"),
)
"""The fields of an error that Cloudflare's edge made itself; no id of the provider among them."""

CLOUDFLARE_502 = b"""<!DOCTYPE html>
<!--[if lt IE 7]> <html class="no-js ie6 oldie" lang="en-US"> <![endif]-->
<!--[if gt IE 8]><!--> <html class="no-js" lang="en-US"> <!--<![endif]-->
<head>
<title>api.example.com | 502: Bad gateway</title>
<meta charset="UTF-8" />
<meta name="robots" content="noindex, nofollow" />
<link rel="stylesheet" id="cf_styles-css" href="/cdn-cgi/styles/main.css" />
</head>
<body>
<div id="cf-wrapper"><div id="cf-error-details" class="p-0">
<header><h1><span class="inline-block">Bad gateway</span>
<span class="code-label">Error code 502</span></h1>
<div>Visit <a href="https://www.cloudflare.com/5xx-error-landing?utm_source=errorcode_502&\
utm_campaign=api.example.com">cloudflare.com</a> for more information.</div>
<div>2026-01-01 00:00:00 UTC</div></header>
<div id="cf-browser-status" class="w-1/3"><span>You</span><h3>Browser</h3>
<span>Working</span></div>
<div id="cf-cloudflare-status" class="w-1/3"><span>Frankfurt</span><h3>Cloudflare</h3>
<span>Working</span></div>
<div id="cf-host-status" class="cf-error-source w-1/3"><span>api.example.com</span><h3>Host</h3>
<span>Error</span></div>
<h2>What happened?</h2><p>The web server reported a bad gateway error.</p>
<h2>What can I do?</h2><p>Please try again in a few minutes.</p>
<span>Cloudflare Ray ID: <strong>9ed5826068e1c9e3</strong></span>
</div></div>
</body>
</html>
"""
"""Cloudflare's branded page: the origin answered 502 (`cf-error-source` marks the failing leg)."""

NGINX = """<html>
<head><title>{status} {reason}</title></head>
<body>
<center><h1>{status} {reason}</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""

LOGIN = b"""<!DOCTYPE html>
<html lang="en"><head><title>Sign in to the network</title></head>
<body><h1>Welcome</h1><form action="/login"><input name="room"></form></body></html>
"""
"""A captive portal's page, which comes with status 200."""
