/** Signing in to a hub by another service (OpenID Connect), as its REST interface tells of it. No answer holds a token of that service. */
import { Schema } from "effect"

/** Longest name that a service has for a person, in characters of ASCII. */
export const subjectCharsMax = 255

/** Where a browser goes to sign in there. */
export const Begun = Schema.Struct({ url: Schema.String })

/** The service's own name of a person, its claim `sub`. */
export const Link = Schema.Struct({
  subject: Schema.String.check(
    Schema.isMinLength(1),
    Schema.isMaxLength(subjectCharsMax),
    Schema.makeFilter((text: string) => /^[ -~]+$/.test(text) || "must be printable characters of ASCII")
  )
})
