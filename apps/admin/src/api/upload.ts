/** Sends a file to the hub and tells how far it is: `fetch` tells nothing of what was sent. */
import { type Fault, Refused, urlOf } from "./ask.ts"

export interface Upload<A> {
  readonly done: Promise<A>
  readonly abort: () => void
}

/** `onSent` is told the share that the hub has, 0 to 1. Rejects with `Refused`, also where it was broken off (code `Aborted`). */
export const upload = <A>(path: string, file: File, mediaType: string, onSent: (share: number) => void): Upload<A> => {
  const request = new XMLHttpRequest()
  const done = new Promise<A>((resolve, reject) => {
    request.upload.addEventListener("progress", ({ loaded, total }) => onSent(total === 0 ? 0 : loaded / total))
    request.addEventListener("load", () => {
      const told = parsed(request.responseText)
      if (request.status >= 200 && request.status < 300) return resolve(told as A)
      const { code = "Unknown", detail = `The hub answered ${request.status}.`, errors = [] } = told
      reject(new Refused(request.status, code, detail, errors))
    })
    request.addEventListener("error", () => reject(new Refused(0, "Unreachable", "The hub cannot be reached.")))
    request.addEventListener("abort", () =>
      reject(new Refused(0, "Aborted", "It was broken off; nothing was taken in."))
    )
  })
  request.open("POST", urlOf(path))
  request.setRequestHeader("content-type", mediaType)
  request.send(file)
  return { done, abort: () => request.abort() }
}

interface Told {
  readonly code?: string
  readonly detail?: string
  readonly errors?: ReadonlyArray<Fault>
}

const parsed = (text: string): Told => {
  try {
    return JSON.parse(text) as Told
  } catch {
    return {}
  }
}
