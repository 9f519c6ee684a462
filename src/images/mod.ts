/**
 * Images that people have: root disks built, kept, looked into and found for a run.
 *
 * @module
 */

export { buildDebian, type DebianOptions } from "./build_debian.ts";
export { buildOci, type OciOptions } from "./build_oci.ts";
export { type DiskFacts, growDisk, type Growth, inspectDisk } from "./disk_file.ts";
export {
  findImage,
  type ImageFiles,
  imageNames,
  noSuchImage,
  removeImage,
  type StoreOptions,
} from "./store.ts";
