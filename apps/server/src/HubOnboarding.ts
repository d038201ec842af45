/**
 * The desk of a team's hub for invitations, on a file in its data folder. Composition only: what the desk does is core's, and
 * how people and newcomers reach it the routes'.
 */
import { type Charter, type Crypto, type DeviceKey, type Gate, OnboardingDesk } from "@syncline/core"
import { OnboardingFile } from "@syncline/node"
import { Layer } from "effect"

export const layer = (
  folder: string
): Layer.Layer<
  OnboardingDesk.OnboardingDesk,
  never,
  Charter.Charter | Crypto.Crypto | DeviceKey.DeviceKey | Gate.Gate
> => OnboardingDesk.OnboardingDesk.layer.pipe(Layer.provide(OnboardingFile.layer(folder)))
