/** Passkeys between the browser's authenticator and the hub. */
import type { AdminPasskeys } from "@syncline/core/admin"
import { ask } from "../api/ask.ts"
import type { Whoami } from "./who.ts"

const library = () => import("@simplewebauthn/browser")

/** Signs in. Rejects with `Refused`, or with the browser's error where the person says no. */
export const byPasskey = async (): Promise<Whoami> => {
  const { startAuthentication } = await library()
  const optionsJSON = await ask<AdminPasskeys.RequestOptions>("POST", "/session/passkey/options")
  const credential = await startAuthentication({
    optionsJSON: optionsJSON as Parameters<typeof startAuthentication>[0]["optionsJSON"]
  })
  return ask("POST", "/session/passkey", { body: { credential } })
}

/** Adds a passkey of this device or a key that is plugged in. */
export const addPasskey = async (name: string): Promise<void> => {
  const { startRegistration } = await library()
  const optionsJSON = await ask<AdminPasskeys.CreationOptions>("POST", "/passkeys/options")
  const credential = await startRegistration({
    optionsJSON: optionsJSON as unknown as Parameters<typeof startRegistration>[0]["optionsJSON"]
  })
  await ask("POST", "/passkeys", { body: { name, credential } })
}
