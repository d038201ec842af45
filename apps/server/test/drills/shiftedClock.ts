/**
 * Loaded into a process before its program: its clock is as many days behind as the environment says. It changes what
 * the time is, not how fast it passes.
 */
const dayMs = 86_400_000
const now = Date.now
const behindMs = Number(process.env["DRILL_DAYS_BEHIND"]) * dayMs

Date.now = () => now() - behindMs
