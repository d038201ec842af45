/**
 * What a team's hub remembers of its invitations and requests, as a file beside its key: `<folder>/onboarding.json`. It holds no
 * secret of a link, and names of people who asked. Uses must not be forgotten by damage, so a file that cannot be read stays
 * as it is.
 */
import { join, resolve } from "node:path"
import { OnboardingError, OnboardingState, OnboardingStore } from "@syncline/core"
import { Layer, type Schema } from "effect"
import * as GuardedFile from "../GuardedFile.ts"
import * as GuardedState from "../GuardedState.ts"

/** A larger file is none of this program's: all that may be remembered, with the longest names and reasons, has less. */
export const fileBytesMax = 8 * 1024 * 1024

/** The file in a folder. */
export const onboardingFile = (folder: string): string => join(resolve(folder), "onboarding.json")

/**
 * Core's store in a folder's file, for the process that holds the folder's lock: what one before it left half written is
 * removed, so that nobody has to wait for it.
 */
export const layer = (folder: string): Layer.Layer<OnboardingStore.OnboardingStore> =>
  Layer.sync(OnboardingStore.OnboardingStore, () => {
    const path = onboardingFile(folder)
    GuardedFile.giveUp(path)
    return storeOf(path)
  })

const storeOf = (path: string): OnboardingStore.OnboardingStoreShape =>
  GuardedState.make({
    path,
    schema: OnboardingState.OnboardingState as Schema.Codec<OnboardingState.OnboardingState, unknown>,
    empty: OnboardingState.empty,
    bytesMax: fileBytesMax,
    foreign: "it holds no invitations of this version; remove it, and all of them and all requests are forgotten",
    failed: (problem) => OnboardingError.because(new OnboardingError.OnboardingStoreFailed({ place: path, problem }))
  })
