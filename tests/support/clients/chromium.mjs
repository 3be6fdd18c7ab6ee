// Registers a fan in a browser: `node chromium.mjs CHROMIUM PAGE FAN` opens the page, which has a `register` of its own,
// and prints what it shows her, or `{ refused }` with the reason that the page was given.
import { chromium } from 'playwright-core';

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-first-run', '--no-proxy-server',
];

const [executablePath, url, fan] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ARGS });
try {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => 'register' in globalThis);
  const shown = await page.evaluate((given) => register(given).catch((error) => ({ refused: error.message })), JSON.parse(fan));
  console.log(JSON.stringify(shown));
} finally {
  await browser.close();
}
