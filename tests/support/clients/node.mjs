// Registers a fan in Node: `node node.mjs BUNDLE FAN` prints what a frontend would show her.
import { pathToFileURL } from 'node:url';

const [bundle, fan] = process.argv.slice(2);
const { register } = await import(pathToFileURL(bundle));
console.log(JSON.stringify(await register(JSON.parse(fan))));
