import type { reasons as en } from '../../en/shared/reasons';

export const reasons: typeof en = {
  Capacity: {
    says: '没有足够的资源放置实例。',
    next: '可停止其他服务版本、选用更小的规格或添加节点；一旦有空余资源会自动启动。',
  },
  LoadFailed: {
    says: '模型加载失败。',
    next: '请查看最后几行日志，末尾即为异常。修正模型或其依赖后重新注册，再发布新的模型版本。',
  },
  NeverReady: {
    says: '在规定时间内没有实例就绪。',
    next: '请查看日志了解耗时所在；加载缓慢的模型可能需要更多 CPU 或内存。',
  },
  RolledBack: {
    says: '上一次变更已被撤回：新实例未能就绪，由之前的配置继续服务。',
    next: '调用方不受影响。请排除原因后重新变更。',
  },
  RolloutFailed: {
    says: '更新中的新实例未能就绪。',
    next: '之前的配置继续服务。请排除原因后重新变更。',
  },
  OutOfMemory: {
    says: '实例所需内存超出了规格上限。',
    next: '请选用内存更大的规格，或减少单次请求的行数。',
  },
  EnvironmentFailed: {
    says: '模型依赖的软件包安装失败。',
    next: '请按提示修正依赖，重新注册模型并发布该版本。',
  },
  RequirementsRefused: {
    says: '模型依赖中含有平台不予安装的内容。',
    next: '依赖中请只写软件包及版本，重新注册模型并发布该版本。',
  },
  PythonNotServed: {
    says: '平台不提供模型所要求的 Python 版本。',
    next: '请使用平台支持的 Python 记录模型，或联系平台运维人员。',
  },
  ModelNotFound: {
    says: '模型仓库中没有该模型版本的文件。',
    next: '请在模型仓库中核对该版本，并发布确实存在的版本。',
  },
  ModelTooLarge: {
    says: '模型文件超出平台允许的大小。',
    next: '请去除不需要的文件后重新记录，或联系平台运维人员。',
  },
  FetchFailed: {
    says: '无法获取模型文件。',
    next: '平台会自动重试；若持续失败，请检查模型仓库的存储。',
  },
  RegistryUnavailable: {
    says: '模型仓库没有响应。',
    next: '平台会自动重试；平台运维人员可检查 Tracking Server。',
  },
  RegistryUnusable: {
    says: '模型仓库的配置不可用。',
    next: '请修正描述该仓库的密文。',
  },
  SecretsUnavailable: { says: '暂时无法读取密文。', next: '平台会自动重试。' },
  SecretMissing: {
    says: '环境变量引用的密文不存在。',
    next: '请创建该密文，或移除此环境变量。',
  },
  LivenessFailed: {
    says: '实例失去响应，已被重启。',
    next: '请查看当时的日志；若反复出现，请增加 CPU 或延长请求超时。',
  },
  BackOff: {
    says: '实例已退出，正等待下一次重试。',
    next: '请查看日志了解退出原因；平台会自动重新启动。',
  },
  Exited: {
    says: '实例进程已退出。',
    next: '请查看当时的日志；平台会自动重新启动。',
  },
  WorkerEnded: {
    says: '实例的一个工作进程已退出。',
    next: '平台会自动补齐。若反复出现，模型可能需要更多内存。',
  },
  StartFailed: {
    says: '实例进程无法启动。',
    next: '平台会自动重试；若持续失败，请联系平台运维人员。',
  },
  NotConfined: {
    says: '平台要求模型在隔离环境中运行，而本机无法提供隔离。',
    next: '需由平台运维人员放行或修正机器配置。',
  },
  ExampleFailed: {
    says: '模型自带的输入示例预测失败。',
    next: '服务仍可使用。请核对示例与签名是否一致，并重新记录模型。',
  },
  NoSignature: {
    says: '模型没有签名，平台不检查输入。',
    next: '请带签名记录模型：错误输入将返回 400，并指明行与列。',
  },
  RowsNotIndependent: {
    says: '同一行数据与其他行一起预测时结果不同。',
    next: '平台不会合并不同调用方的请求；除非需要提速，否则无需处理。',
  },
  RequirementAdjusted: {
    says: '有软件包安装的版本与要求不同。',
    next: '如有影响，请与训练时的预测结果比对。',
  },
  TableBlocked: {
    says: '推理表无法写入。',
    next: '数据已暂存并将补写；请检查目标位置是否可达、可写。',
  },
  RowsDropped: {
    says: '推理表有数据丢失。',
    next: '请检查目标位置；已丢失的数据无法恢复。',
  },
  Lost: { says: '实例已不存在。', next: '平台会自动补齐。' },
  Preparing: { says: '实例准备中。', next: '' },
  FetchingModel: { says: '正在获取模型文件。', next: '' },
  BuildingEnvironment: {
    says: '正在构建模型环境。',
    next: '首次构建需要一分钟或更久，之后启动可直接复用。',
  },
  LoadingModel: { says: '正在加载模型。', next: '' },
  Restarting: { says: '实例正按要求重启。', next: '' },
  Draining: { says: '实例正在处理完剩余请求后退出。', next: '' },
  ImageRefused: {
    says: '镜像仓库拒绝提供该镜像。',
    next: '请指定含用户名和密码的密钥，或更正镜像名称；更正后的密钥会在下次尝试时使用。',
  },
  ImageNotFound: {
    says: '没有适用于此机器的该镜像。',
    next: '请检查名称、标签和处理器架构，或推送镜像后重新启动该版本。',
  },
  ImageNameInvalid: { says: '镜像名称无效。', next: '请更正名称。' },
  ImagePullFailed: { says: '镜像拉取失败。', next: '如持续失败，请平台运维人员检查镜像仓库。' },
  RegistryUnreachable: { says: '无法连接镜像仓库。', next: '平台会自动重试；请检查仓库地址与网络。' },
  RegistryNotTrusted: { says: '镜像仓库的证书不受信任。', next: '请在节点上信任该证书；平台会自动重试。' },
  RegistryLimit: { says: '镜像仓库暂时限制拉取。', next: '请指定该仓库用户的密钥；平台会自动重试。' },
  NodeDiskFull: { says: '节点磁盘空间不足，放不下镜像。', next: '请清理磁盘或添加节点；平台会自动重试。' },
  ImageDamaged: { says: '节点无法读取本地镜像。', next: '平台会自动重试；如持续失败请删除该镜像副本。' },
  ImageNotOnNode: { says: '节点上没有该镜像，且不允许拉取。', next: '请将镜像加载到节点，或允许拉取。' },
  ImageRunsAsRoot: {
    says: '镜像以 root 运行，这是不允许的。',
    next: '请用 `USER` 加大于 0 的数字重新构建镜像。',
  },
  ImageVolumesMissing: {
    says: '此处无法挂载其他镜像中的文件。',
    next: '需要支持镜像卷的集群（Kubernetes 1.33、containerd 2.1）；也可改用制品或存储桶挂载。',
  },
  ContainerNotCreated: { says: '节点无法创建容器。', next: '平台会自动重试。' },
  CommandNotFound: { says: '镜像无法执行其命令。', next: '请更正命令，或为此处理器架构构建镜像。' },
  CommandNotPermitted: { says: '实例用户无权执行镜像的命令。', next: '请更正镜像中的权限。' },
  EngineUnavailable: {
    says: '容器引擎无应答。',
    next: '运行中的实例照常服务；恢复之前不会启动或停止任何实例。',
  },
  PodsUnreachable: {
    says: '路由器无法访问该运行方式的实例。',
    next: '消息中说明了如何更改；每 5 秒重试一次。',
  },
  BackendMissing: {
    says: '调度器没有资源组指定的运行方式。',
    next: '请在 SCHEDULER_BACKENDS 中加入它，或为资源组选择其他方式。运行中的实例照常服务。',
  },
  ClusterUnavailable: {
    says: '集群的 API 服务器无应答。',
    next: '运行中的实例照常服务；恢复之前不会启动或停止任何实例。',
  },
  NotPermitted: { says: '平台在集群上的账号没有该权限。', next: '请集群运维人员授予消息中提到的角色。' },
  PodSecurityRefused: {
    says: '命名空间的安全策略不接纳该实例。',
    next: '请修改版本的要求，或调整命名空间。',
  },
  GpuKindMissing: {
    says: '没有节点具备所要型号的 GPU。',
    next: '请按消息所示改要现有型号，或添加带有该型号 GPU 的节点；有了之后会自动启动。',
  },
  GpuKindUnknown: {
    says: '设置中没有说明集群如何称呼该型号的 GPU。',
    next: '请按消息所示加入 SCHEDULER_KUBERNETES_GPU_KINDS，或改要其他型号。',
  },
  LimitRangeRefused: { says: '命名空间的限额不接纳该规格的实例。', next: '请选择其他规格，或调整限额。' },
  AdmissionRefused: { says: '集群策略拒绝了该实例。', next: '请修改版本的要求，或调整策略。' },
  ClassMissing: { says: '集群缺少实例所需的类。', next: '请创建该类，或修改设置。' },
  AccountMissing: { says: '实例的服务账号不存在。', next: '请创建该账号；平台会自动重试。' },
  NamespaceEnds: { says: '命名空间正在删除。', next: '请改用其他命名空间。' },
  PodsRefused: { says: '集群拒绝创建实例。', next: '平台会自动重试；原因见消息。' },
  NotHealthy: {
    says: '健康检查路径尚未表明实例已就绪。',
    next: '如果不是仍在加载：请查看日志，以及健康检查路径与端口上的应答。',
  },
  DeploymentRestored: {
    says: '其 Deployment 在集群中被改动，已恢复为版本所述。',
    next: '请修改版本，而不是 Deployment。',
  },
  StartTimeout: {
    says: '未能在限定时间内变为健康。',
    next: '请查看日志与健康检查路径：由哪个端口应答、应答内容是什么。',
  },
  PullingImage: { says: '正在拉取镜像。', next: '' },
  Pulling: { says: '正在拉取镜像。', next: '' },
};
