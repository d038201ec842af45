/**
 * Whose a request is at a hub: of the local door by the folder's token, of a program by a token, of a person by the cookie of a session. A
 * request that names a token goes by it alone, so that a wrong one is nobody's.
 */
import { Effect } from "effect"
import type { LocalDoor } from "../http/LocalDoor.ts"
import type { Identify } from "../rest/Principal.ts"
import type { Endings } from "./Endings.ts"
import * as SessionCookie from "./SessionCookie.ts"
import type { SessionsShape } from "./Sessions.ts"
import type { TokensShape } from "./Tokens.ts"

export interface Known {
  readonly door: Pick<LocalDoor, "holds">
  readonly sessions: SessionsShape
  readonly tokens: TokensShape
  readonly endings: Endings["Service"]
}

const bearer = "Bearer "

export const make = ({ door, endings, sessions, tokens }: Known): Identify["Service"] => ({
  of: (request) =>
    Effect.suspend(() => {
      if (door.holds(request)) return Effect.succeed({ kind: "door" as const })
      const { authorization, cookie } = request.headers
      if (authorization !== undefined) {
        return authorization.startsWith(bearer) ? tokens.whose(authorization.slice(bearer.length)) : Effect.undefined
      }
      const secret = SessionCookie.secretIn(cookie)
      return secret === undefined ? Effect.undefined : sessions.whose(secret)
    }),
  ended: endings.told
})
