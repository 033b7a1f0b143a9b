#!/usr/bin/env node
/** The command `evspec`. */
import { runCli } from './program.js';

process.exitCode = await runCli(process.argv.slice(2));
