/**
 * Runs the system's commands for the power-cut rig: with a time limit, with what they complained about in the error,
 * and in a session of their own, so that Ctrl-C on the terminal does not end one halfway.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"

export const commandMsMax = 20_000

/** Resolves when the command succeeded. */
export const run = async (command: string, ...args: ReadonlyArray<string>): Promise<void> => {
  const child = spawn(command, args, {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
    timeout: commandMsMax,
    killSignal: "SIGKILL"
  })
  let complaint = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text))
  const [code] = (await once(child, "close")) as [number | null]
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${complaint.trim() || child.signalCode}`)
}

/** Resolves once a process has ended. */
export const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  await once(child, "exit", { signal: AbortSignal.timeout(commandMsMax) })
}
