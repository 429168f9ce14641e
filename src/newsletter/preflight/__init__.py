"""The rules as functions: records and finished bytes come in, findings go out.

Nothing is changed and nothing refused here: the desk reads the findings, and an error stops only the
output it names. Called before an article is published and before an edition is frozen.
"""

from newsletter.preflight.address import check_address_of_site
from newsletter.preflight.article import check_article
from newsletter.preflight.codes import CODES
from newsletter.preflight.mail import check_mail
from newsletter.preflight.manuscript import check_manuscript

__all__ = ["CODES", "check_address_of_site", "check_article", "check_mail", "check_manuscript"]
