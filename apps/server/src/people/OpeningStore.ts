/**
 * The hub's store of people, opened when somebody asks for it first, so that a start is no longer for it. Where it cannot be opened, each question
 * fails with the reason, and the hub goes on with everything else. It ends with its scope.
 */
import { HubStore, type HubStoreError, SqliteHubStore } from "@syncline/node/hub"
import { Context, Deferred, Effect, Layer } from "effect"

/** On a data folder that is this process's own. */
export const layer = (folder: string): Layer.Layer<HubStore.HubStore> => Layer.effect(HubStore.HubStore, make(folder))

const make = Effect.fnUntraced(function* (folder: string) {
  const scope = yield* Effect.scope
  const opened = yield* Deferred.make<HubStore.HubStoreShape, HubStoreError.HubStoreError>()
  const opening = Effect.map(Layer.buildWithScope(SqliteHubStore.layer(folder), scope), (services) =>
    Context.get(services, HubStore.HubStore)
  )
  let isBegun = false
  const store = Effect.suspend(() => {
    if (isBegun) return Deferred.await(opened)
    isBegun = true
    // In the hub's name, as whoever asks first may go away.
    return Effect.andThen(Effect.forkIn(Deferred.into(opening, opened), scope), Deferred.await(opened))
  })
  return {
    read: (body) => Effect.flatMap(store, ({ read }) => read(body)),
    change: (body) => Effect.flatMap(store, ({ change }) => change(body))
  } satisfies HubStore.HubStoreShape
})
