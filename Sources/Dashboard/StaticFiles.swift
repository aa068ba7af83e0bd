/// What pages load beside themselves: part of the binary, so that nothing comes from elsewhere.
package enum StaticFiles {
    package static var style: [UInt8] { PackageResources.style_css }
    package static var script: [UInt8] { PackageResources.dashboard_js }
}
