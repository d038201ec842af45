// Runs one child process to its end: with a time limit, with signals handed on, with its exit code returned.
// It decides nothing about what to run.
import { spawn } from "node:child_process"
import { constants } from "node:os"

const KILL_GRACE_MS = 10_000
const PARENT_POLL_MS = 250
// What the command `timeout` returns. A stopped child may well end with 0, which must not count as success.
const TIMED_OUT_CODE = 124

/** Runs a child on this terminal; resolves to its exit code, 128 + n when signal n ended it. */
export function runChild(command, args, { cwd, env, limitMs }) {
  const child = start(command, args, { cwd, env, stdio: "inherit" })
  return ended(child, command, limitMs)
}

/** The same, with its output collected instead of shown. */
export async function runCaptured(command, args, { cwd, env, limitMs }) {
  const child = start(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text))
  return { code: await ended(child, command, limitMs), output }
}

// Tools are .cmd files on Windows, which only a shell can start; our own programs start by Node's full path.
const start = (command, args, options) =>
  spawn(command, args, { ...options, shell: process.platform === "win32" && !command.includes("\\") })

function ended(child, command, limitMs) {
  const timers = []
  let timedOut = false
  if (limitMs !== undefined) {
    timers.push(
      setTimeout(() => {
        console.error(`${command} took longer than ${limitMs / 60_000} minutes and is stopped.`)
        timedOut = true
        child.kill("SIGTERM")
        timers.push(setTimeout(() => child.kill("SIGKILL"), KILL_GRACE_MS))
      }, limitMs)
    )
  }
  const stopForwarding = forwardSignals(child)
  return new Promise((resolve) => {
    const done = (code) => {
      timers.forEach(clearTimeout)
      stopForwarding()
      resolve(code)
    }
    child.once("error", (error) => {
      console.error(`${command} did not start: ${error.message}`)
      done(127)
    })
    child.once("close", (code, signal) => done(timedOut ? TIMED_OUT_CODE : (code ?? 128 + constants.signals[signal])))
  })
}

// Ctrl-C on a terminal reaches the child directly; handing it on as well would be the second signal,
// which many programs take as "stop at once".
function forwardSignals(child) {
  const handOn = (signal) => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal)
  }
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"]
  for (const signal of signals) process.on(signal, handOn)
  const stopWatching = onParentGone(() => child.kill("SIGTERM"))
  return () => {
    stopWatching()
    for (const signal of signals) process.off(signal, handOn)
  }
}

// npm hands a SIGTERM to the shell between us, which dies without telling anyone.
function onParentGone(stop) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, PARENT_POLL_MS)
  return () => clearInterval(timer)
}
