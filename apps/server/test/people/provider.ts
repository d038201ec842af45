/** A small OpenID Connect provider on loopback, for tests: it vouches for whomever a test names, rightly or not. */
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"

export interface Person {
  readonly sub: string
  readonly [claim: string]: unknown
}

/** What the provider does otherwise than it should. */
export interface Fault {
  readonly nonce?: string
  readonly issuer?: string
  readonly audience?: string
  /** The token is over since. */
  readonly isOld?: boolean
  /** It is signed with another key. */
  readonly isForged?: boolean
}

interface Granted {
  readonly person: Person
  readonly nonce: string
  readonly challenge: string
  readonly fault: Fault
}

export const clientId = "the hub"
export const clientSecret = "a secret of the client"

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
const keys = () => generateKeyPairSync("rsa", { modulusLength: 2048 })

export const provider = async () => {
  const [own, other] = [keys(), keys()]
  const granted = new Map<string, Granted>()
  const redeemed: Array<string> = []
  let state: "up" | "down" | "silent" = "up"
  const tokenOf = ({ fault, nonce, person }: Granted): string => {
    const nowS = Math.floor(Date.now() / 1_000)
    const claims = {
      iss: fault.issuer ?? issuer,
      aud: fault.audience ?? clientId,
      iat: nowS - (fault.isOld === true ? 7_200 : 0),
      exp: nowS + (fault.isOld === true ? -3_600 : 300),
      nonce: fault.nonce ?? nonce,
      ...person
    }
    const text = `${base64url({ alg: "RS256", kid: "1" })}.${base64url(claims)}`
    const key = fault.isForged === true ? other.privateKey : own.privateKey
    return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`
  }
  const redeem = (body: string, authorization: string | undefined): readonly [number, object] => {
    const asked = new URLSearchParams(body)
    const code = asked.get("code")!
    const grant = granted.get(code)
    redeemed.push(code)
    const credentials = [clientId, clientSecret]
      .map((text) => encodeURIComponent(text).replaceAll("%20", "+"))
      .join(":")
    const basic = `Basic ${Buffer.from(credentials).toString("base64")}`
    const challenge = createHash("sha256")
      .update(asked.get("code_verifier") ?? "")
      .digest("base64url")
    if (authorization !== basic) return [401, { error: "invalid_client" }]
    if (grant === undefined || challenge !== grant.challenge) return [400, { error: "invalid_grant" }]
    // A code may be redeemed again here, so that only the hub refuses it.
    return [200, { access_token: "an access token", token_type: "Bearer", id_token: tokenOf(grant) }]
  }
  const server = createServer((request, response) => {
    const send = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    if (state === "down") return void request.socket.destroy()
    if (state === "silent") return
    if (request.url === "/jwks") {
      const key = { ...own.publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }
      return void send(200, { keys: [key] })
    }
    if (request.url === "/token") {
      let body = ""
      request.setEncoding("utf8").on("data", (text: string) => (body += text))
      return void request.on("end", () => {
        send(...redeem(body, request.headers.authorization))
      })
    }
    send(200, {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
      code_challenge_methods_supported: ["S256"]
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    redeemed,
    be: (next: "up" | "down" | "silent") => void (state = next),
    /** Where the browser of a person that signed in there is sent. */
    vouch: (url: string, person: Person, fault: Fault = {}): URL => {
      const asked = new URL(url).searchParams
      const code = randomUUID()
      granted.set(code, { person, nonce: asked.get("nonce")!, challenge: asked.get("code_challenge")!, fault })
      const back = new URL(asked.get("redirect_uri")!)
      back.searchParams.set("code", code)
      back.searchParams.set("state", asked.get("state")!)
      // What some providers add, and nobody asked for.
      back.searchParams.set("session_state", "x")
      return back
    }
  }
}

export type Provider = Awaited<ReturnType<typeof provider>>
