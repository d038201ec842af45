/** What the hub refused, in words for whoever looks at the pages; its own speak to programs, too. */
import { Refused } from "../api/ask.ts"

export const refusalWords = (error: Error): string => {
  if (!(error instanceof Refused)) return error.message
  if (error.code === "SignInNeeded") return "Your sign-in is over. Sign in, and try again."
  if (error.faults.length === 0) return error.message
  return `${error.message} ${error.faults.map(({ message, path }) => `${path.replace(/^body\//, "")}: ${message}`).join("; ")}`
}
