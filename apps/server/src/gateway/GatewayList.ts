/** The gateways of this hub: one list, of which the settings choose. Their code is loaded only where they are on. */
import type { Gateway } from "./Gateway.ts"
import type { GatewaySettings } from "./GatewaySettings.ts"

export const load = async (settings: GatewaySettings): Promise<ReadonlyArray<Gateway>> => {
  const { bodyMebibytes, galileosky, isync, isyncPeers, projectAi } = settings
  const bodyBytesMax = bodyMebibytes * 1024 * 1024
  const gateways: Array<Gateway> = []
  if (projectAi === "on") {
    const { make } = await import("./projectai/ProjectAi.ts")
    gateways.push(make(bodyBytesMax))
  }
  if (galileosky === "on") {
    const { galileoskyClear, galileoskyPages: pages, galileoskyPeers: peers } = settings
    const { make } = await import("./galileosky/Galileosky.ts")
    gateways.push(make({ bodyBytesMax, mayClear: galileoskyClear === "on", peers, pages }))
  }
  if (isync === "on") {
    const { make } = await import("./isync/ISync.ts")
    gateways.push(make(isyncPeers))
  }
  return gateways
}
