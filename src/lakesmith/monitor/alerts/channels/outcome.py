"""What an answer, or none, means for a message: arrived, to be tried again, or refused for good. Never with an address in it."""

from __future__ import annotations

import http.client
import smtplib
import ssl
from collections.abc import Callable

from lakesmith.host.addresses import ForbiddenAddressError
from lakesmith.monitor.alerts.channels.connecting import REDIRECTS, Answer, TooSlowError
from lakesmith.monitor.alerts.values import Sent

OK = range(200, 300)
REFUSED = range(400, 500)
COME_BACK = (408, 409, 425, 429)
SMTP_FINAL = 500
FORBIDDEN = "its address is in a private network, or a cloud's own; `private: true` allows the former"


def of_answer(answer: Answer) -> Sent:
    """Return what an answer of the web means."""
    if answer.status in OK:
        return Sent(ok=True, told=f"answered {answer.status}")
    if answer.status in REDIRECTS:
        told = f"answered {answer.status}: it wants to send the message elsewhere, which is not done"
        return Sent(ok=False, told=told, final=True)
    final = answer.status in REFUSED and answer.status not in COME_BACK
    return Sent(ok=False, told=f"answered {answer.status}", final=final, wait_s=answer.wait_s)


def carefully(send: Callable[[], Sent]) -> Sent:
    """Send, and return whatever went wrong as an outcome."""
    try:
        return send()
    except ForbiddenAddressError:
        return Sent(ok=False, told=FORBIDDEN, final=True)
    except ssl.SSLCertVerificationError:
        return Sent(ok=False, told="its certificate cannot be trusted")
    except (TooSlowError, TimeoutError):
        return Sent(ok=False, told="did not answer in time")
    except smtplib.SMTPException as error:
        return _of_mail(error)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Sent(ok=False, told=f"could not be reached: {type(error).__name__}")


def _of_mail(error: smtplib.SMTPException) -> Sent:
    """Return what a mail server's refusal means; its own words may repeat what it was told, and are left out."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        final = all(code >= SMTP_FINAL for code in codes)
        return Sent(ok=False, told=f"refused the recipients ({', '.join(map(str, codes))})", final=final)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Sent(ok=False, told=f"refused the user or the password ({error.smtp_code})", final=True)
    if isinstance(error, smtplib.SMTPResponseException):
        code = error.smtp_code
        return Sent(ok=False, told=f"refused the message ({code})", final=code >= SMTP_FINAL)
    return Sent(ok=False, told=f"could not take the message: {type(error).__name__}")
