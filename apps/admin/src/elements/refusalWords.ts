/** What the hub refused, in words for whoever looks at the pages; its own speak to programs, too. */
import { Refused } from "../api/ask.ts"

export const refusalWords = (error: Error): string => {
  if (!(error instanceof Refused)) return error.message
  if (error.code === "SignInNeeded") return "Your sign-in is over. Sign in, and try again."
  const sentence = error.message.toLowerCase()
  // One that is the sentence is not said twice.
  const more = error.faults.filter(({ message }) => !sentence.includes(message.toLowerCase()))
  if (more.length === 0) return error.message
  return `${error.message} ${more.map(({ message, path }) => `${path.replace(/^(body|query|params)\//, "")}: ${message}`).join("; ")}`
}
