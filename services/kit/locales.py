"""The languages and countries that are served; pure, so that rules may use them."""

LOCALES = ("en-US", "es-US", "en-CA", "fr-CA", "en-GB", "en-IE", "es-MX", "en-MX")
COUNTRIES = ("US", "CA", "GB", "IE", "MX")
