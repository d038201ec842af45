/**
 * Google's sign-in as the fake has it: a consent that redirects, codes that are good once and for who asked (PKCE), refresh
 * tokens, and access tokens that end. Every token holds the word `secret`, so that a test finds one anywhere.
 */
import { Redacted } from "effect"
import { createHash } from "node:crypto"
import type { DriveTokens } from "../TokenStore.ts"
import type { OAuthApp } from "../GoogleDriveOptions.ts"

/** What the person does at the page. `without-drive` consents and leaves the box for Drive unticked. */
export type Consent = "allow" | "deny" | "without-drive"

export const scope = "https://www.googleapis.com/auth/drive.file"
export const app: OAuthApp = {
  clientId: "fake-client.apps.googleusercontent.com",
  clientSecret: Redacted.make("client-secret-of-the-fake")
}

/** How long an access token is good, in seconds. */
const lifetimeS = 3_600
/** Tokens and codes that are kept; a test makes few. */
const tokensMax = 100_000

export class TokenRefusal extends Error {}

interface Asked {
  readonly challenge: string
  readonly redirectUri: string
}

export class FakeOAuth {
  consent: Consent = "allow"
  readonly #nowMs: () => number
  readonly #codes = new Map<string, Asked>()
  /** Client by refresh token. */
  readonly #logins = new Map<string, string>()
  readonly #access = new Map<string, { readonly client: string; readonly untilMs: number }>()
  #count = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** The login of a device, as if a person had consented. */
  signIn(client: string): DriveTokens {
    const refreshToken = this.#name("refresh")
    this.#logins.set(refreshToken, client)
    return {
      refreshToken: Redacted.make(refreshToken),
      accessToken: Redacted.make(this.#issue(client)),
      expiresAtMs: this.#nowMs() + lifetimeS * 1_000
    }
  }

  /** No access token that was given so far is good any more. */
  expire(): void {
    this.#access.clear()
  }

  /** The person takes the access back. */
  revoke(): void {
    this.#access.clear()
    this.#logins.clear()
  }

  /** Takes the consent back to which a token belongs, and with it all logins, as Google does; false for a token that is none. */
  revokeBy(token: string): boolean {
    if (!this.#logins.has(token) && !this.#access.has(token)) return false
    this.revoke()
    return true
  }

  /** Whose request it is; nothing for a token that is not good. */
  clientOf(authorization: string | undefined): string | undefined {
    const found = this.#access.get(/^Bearer (.+)$/.exec(authorization ?? "")?.[1] ?? "")
    return found === undefined || found.untilMs <= this.#nowMs() ? undefined : found.client
  }

  /** Where the page sends the browser; nothing for a request that Google would refuse on its own page. */
  redirect(asked: URLSearchParams): string | undefined {
    const redirectUri = asked.get("redirect_uri") ?? ""
    const isAsIs =
      asked.get("client_id") === app.clientId &&
      asked.get("response_type") === "code" &&
      asked.get("scope") === scope &&
      asked.get("access_type") === "offline" &&
      asked.get("code_challenge_method") === "S256" &&
      /^http:\/\/127\.0\.0\.1:\d+\//.test(redirectUri)
    if (!isAsIs) return undefined
    const back = new URL(redirectUri)
    back.searchParams.set("state", asked.get("state") ?? "")
    if (this.consent === "deny") back.searchParams.set("error", "access_denied")
    else {
      const code = this.#name("code")
      this.#codes.set(code, { challenge: asked.get("code_challenge") ?? "", redirectUri })
      back.searchParams.set("code", code)
    }
    return back.href
  }

  /** The answer of the token endpoint. */
  token(form: URLSearchParams): Readonly<Record<string, unknown>> {
    const secret = Redacted.value(app.clientSecret)
    if (form.get("client_id") !== app.clientId || form.get("client_secret") !== secret) {
      throw new TokenRefusal("invalid_client")
    }
    switch (form.get("grant_type")) {
      case "authorization_code":
        return this.#exchange(form)
      case "refresh_token": {
        const client = this.#logins.get(form.get("refresh_token") ?? "")
        if (client === undefined) throw new TokenRefusal("invalid_grant")
        return this.#answer(client)
      }
      default:
        throw new TokenRefusal("unsupported_grant_type")
    }
  }

  #exchange(form: URLSearchParams): Readonly<Record<string, unknown>> {
    const code = form.get("code") ?? ""
    const asked = this.#codes.get(code)
    this.#codes.delete(code)
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url")
    if (asked === undefined || asked.challenge !== challenge || asked.redirectUri !== form.get("redirect_uri")) {
      throw new TokenRefusal("invalid_grant")
    }
    const refreshToken = this.#name("refresh")
    this.#logins.set(refreshToken, "signed in")
    return { ...this.#answer("signed in"), refresh_token: refreshToken }
  }

  #answer(client: string): Readonly<Record<string, unknown>> {
    return {
      access_token: this.#issue(client),
      expires_in: lifetimeS,
      token_type: "Bearer",
      scope: this.consent === "without-drive" ? "openid" : scope
    }
  }

  #issue(client: string): string {
    const token = this.#name("access")
    if (this.#access.size >= tokensMax) this.#access.clear()
    this.#access.set(token, { client, untilMs: this.#nowMs() + lifetimeS * 1_000 })
    return token
  }

  #name(kind: string): string {
    this.#count += 1
    return `${kind}-secret-${this.#count}`
  }
}
